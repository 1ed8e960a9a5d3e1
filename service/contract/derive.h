// Catalog -> Contract. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_DERIVE_H_
#define PROTOGRES_SERVICE_CONTRACT_DERIVE_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "catalog/catalog.h"
#include "contract/contract.h"

namespace protogres::contract {

struct DeriveOptions {
  // Schema -> package. A schema that is not named here has `<schema>.v1`, and
  // `public` the database's name (design, "Names").
  std::map<std::string, std::string> packages;
  // A nullable timestamp column named deleted_at declares a soft delete by itself.
  bool soft_delete = true;
};

// Derives the Contract. What cannot be served is left out and stands in
// `warnings`; an empty database gives a Contract without tables. The same
// Catalog always gives the same Contract, byte for byte.
// INVALID_ARGUMENT: a package that is no protobuf package name.
absl::StatusOr<Contract> Derive(const catalog::Catalog& catalog, const DeriveOptions& options);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_DERIVE_H_
