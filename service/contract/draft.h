// A relation on its way into the Contract: which columns it serves, then its
// fields, key and soft delete. Pure; knows no descriptors.
#ifndef PROTOGRES_SERVICE_CONTRACT_DRAFT_H_
#define PROTOGRES_SERVICE_CONTRACT_DRAFT_H_

#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "contract/annotation.h"
#include "contract/contract.h"
#include "contract/type_map.h"

namespace protogres::contract {

struct DraftColumn {
  const catalog::Column* column = nullptr;
  Annotations notes;
};

// Borrows the Catalog.
struct Draft {
  const catalog::Relation* relation = nullptr;
  Annotations notes;
  std::vector<DraftColumn> columns;  // those served, by number
  Table table;
};

// Chooses the columns and notes their types in `types`. Null where the relation is not served:
// omitted (silently) or without a column that can be (a warning).
std::optional<Draft> Select(const catalog::Relation& relation, TypeMap* types, std::vector<std::string>* warnings);

// Fills the table's fields, key, soft delete, what can be written, and the comments. Names of package and messages are
// set already.
// `soft_delete`: a column deleted_at declares it by itself.
void Fill(const TypeMap& types, bool soft_delete, Draft* draft, std::vector<std::string>* warnings);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_DRAFT_H_
