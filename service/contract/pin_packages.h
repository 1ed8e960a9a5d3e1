// Finds out which package a pinned contract has for which schema. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_PIN_PACKAGES_H_
#define PROTOGRES_SERVICE_CONTRACT_PIN_PACKAGES_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "catalog/catalog.h"
#include "contract/contract.h"
#include "contract/derive.h"

namespace protogres::contract {

// Derives the Contract with the packages of `pinned`, so that it can be pinned. The rules may give other packages, for
// example if a dump was restored under another database name. A package belongs to the schema of which it has the most
// messages. Schemas that `options` names keep what is said there. The errors are those of Derive.
absl::StatusOr<Contract> DeriveAs(const google::protobuf::FileDescriptorSet& pinned, const catalog::Catalog& catalog,
                                  const DeriveOptions& options);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_PIN_PACKAGES_H_
