// Finds which columns refer to rows of which table: by foreign keys, and by lines `@protogres references=` in the
// COMMENTs of relations that have none, as views. Pure. Knows no names of fields.
#ifndef PROTOGRES_SERVICE_CONTRACT_REFERENCES_H_
#define PROTOGRES_SERVICE_CONTRACT_REFERENCES_H_

#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "contract/annotation.h"
#include "contract/contract.h"
#include "contract/draft.h"

namespace protogres::contract {

// Columns of a table of which each row refers to at most one row of a table, the same or another.
struct Reference {
  int from = 0;  // indexes into Contract::tables
  int to = 0;
  std::vector<int> fields;     // indexes into the fields of `from`
  std::vector<int> to_fields;  // and of `to`, one for each
  bool unique = false;         // a row of `to` is referred to by at most one row of `from`
  std::string constraint;      // the foreign key's name, unquoted; empty: a COMMENT says it
  std::string label;           // for warnings: foreign key "orders_fkey" of table shop.orders
  Annotations notes;           // its names and numbers, and the comment
};

// The references of which both ends are tables of `contract`, each of which comes of the draft with its index. Where
// one cannot be served, a warning says why, and what a COMMENT would have to say.
std::vector<Reference> FindReferences(const catalog::Catalog& catalog, const std::vector<Draft>& drafts,
                                      Contract* contract);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_REFERENCES_H_
