// Computed columns: functions of a row, which are fields of its message. Pure. Knows no descriptors.
#ifndef PROTOGRES_SERVICE_CONTRACT_COMPUTED_H_
#define PROTOGRES_SERVICE_CONTRACT_COMPUTED_H_

#include <cstddef>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "contract/annotation.h"
#include "contract/contract.h"
#include "contract/type_map.h"

namespace protogres::contract {

// A function whose one argument is a row of a served table, and which returns a value. Borrows the Catalog.
struct ComputedDraft {
  const catalog::Function* function = nullptr;
  Annotations notes = {};
  std::size_t table = 0;  // index into Contract::tables
};

// Adds each of `drafts` to the fields of its table, after its columns and by number. The relations must have been
// added: a field that has the function's name already, whatever it is, stays what it is. The computed column is then
// left out, and a warning says so. Of two functions with one name that of the table's own schema comes first.
void AddComputed(std::vector<ComputedDraft> drafts, const TypeMap& types, Contract* contract);

// The field number of a computed column, which is a hash as that of a relation is: the same for the same function and
// table in any database.
int ComputedNumber(const catalog::Function& function, const Table& table);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_COMPUTED_H_
