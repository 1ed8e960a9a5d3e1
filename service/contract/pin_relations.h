// The relations of a pinned contract. For Pin.
#ifndef PROTOGRES_SERVICE_CONTRACT_PIN_RELATIONS_H_
#define PROTOGRES_SERVICE_CONTRACT_PIN_RELATIONS_H_

#include <map>
#include <string>
#include <vector>

#include "contract/contract.h"
#include "contract/descriptor_index.h"

namespace protogres::contract {

// Sets the relations of the tables of `result`: those of `derived` that `pinned` names, with its numbers. `places` has
// the tables that both have: the index in `derived`, and that in `result`. Adds a line to `differences` for each
// relation that cannot be served.
void PinRelations(const DescriptorIndex& pinned, const Contract& derived, const std::map<int, int>& places,
                  Contract* result, std::vector<std::string>* differences);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_PIN_RELATIONS_H_
