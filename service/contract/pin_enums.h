// Compares the enums of a pinned contract with those of the database. Pure. See pin.h.
#ifndef PROTOGRES_SERVICE_CONTRACT_PIN_ENUMS_H_
#define PROTOGRES_SERVICE_CONTRACT_PIN_ENUMS_H_

#include <string>
#include <vector>

#include "contract/descriptor_index.h"

namespace protogres::contract {

// Adds a line to `differences` for each enum and value of `pinned` that `known`, which is derived of the database, does
// not have, and for each number that is wrong. The numbers of labels are free.
void CheckEnums(const DescriptorIndex& pinned, const DescriptorIndex& known, std::vector<std::string>* differences);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_PIN_ENUMS_H_
