// Chooses which references (references.h) are served as relations, and their names and numbers. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_RELATIONS_H_
#define PROTOGRES_SERVICE_CONTRACT_RELATIONS_H_

#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "contract/contract.h"
#include "contract/draft.h"

namespace protogres::contract {

// Sets the relations of all tables of `contract`, each of which comes of the draft with its index, and marks the tables
// as those whose rows stand apart (Table::rows_apart). What cannot be served is left out, and a warning says so. The
// drafts are of `catalog`.
//
// To one, the field is named by the referencing column without its `_id`, else by the referenced table; to many by the
// referencing table. Where names of one message collide, each of them gets `_by_<columns>`. A relation between two
// packages is to one only, and is left out where it would make their files import each other.
void AddRelations(const catalog::Catalog& catalog, const std::vector<Draft>& drafts, Contract* contract);

// The field number of a relation, which is a hash: the same for the same tables and columns in any database.
int RelationNumber(const Table& referencing, const std::vector<int>& fields, const Table& referenced,
                   const std::vector<int>& referenced_fields, bool reverse);

// customer_id, customerId -> customer. Empty: it does not end so, or nothing would remain.
std::string_view WithoutId(std::string_view column);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_RELATIONS_H_
