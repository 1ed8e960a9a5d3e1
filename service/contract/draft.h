// A Draft is a relation on its way into the Contract: first the columns that it serves are chosen, then its fields, key
// and soft delete are made. Pure. Knows no descriptors.
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
  std::vector<DraftColumn> columns;  // those that are served, by number
  Table table;
};

// "table public.customer", for warnings.
std::string Label(const catalog::Relation& relation);

// Chooses the columns that are served, and tells `types` of their types. nullopt: the relation is not served, because
// its COMMENT says `omit`, or because no column of it can be served (then there is a warning).
std::optional<Draft> Select(const catalog::Relation& relation, TypeMap* types, std::vector<std::string>* warnings);

// Sets the fields, the key and the soft delete of the table, what can be written, and the comments. The names of its
// package and messages must have been set. `soft_delete` is that of DeriveOptions.
void Fill(const TypeMap& types, bool soft_delete, Draft* draft, std::vector<std::string>* warnings);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_DRAFT_H_
