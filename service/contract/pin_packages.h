// Which packages a pinned contract has for which schemas. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_PIN_PACKAGES_H_
#define PROTOGRES_SERVICE_CONTRACT_PIN_PACKAGES_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "catalog/catalog.h"
#include "contract/contract.h"
#include "contract/derive.h"

namespace protogres::contract {

// Derives the Contract with the packages that `pinned` has, so that it can be pinned: the rules may give others, as
// where a dump was restored under another database name. A package is of the schema whose messages it has the most of;
// schemas that `options` name keep what is said there. Errors are those of Derive.
absl::StatusOr<Contract> DeriveAs(const google::protobuf::FileDescriptorSet& pinned, const catalog::Catalog& catalog,
                                  const DeriveOptions& options);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_PIN_PACKAGES_H_
