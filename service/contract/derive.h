// Derives a Contract from a Catalog. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_DERIVE_H_
#define PROTOGRES_SERVICE_CONTRACT_DERIVE_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "catalog/catalog.h"
#include "contract/contract.h"

namespace protogres::contract {

// Whether the foreign keys are served as relations. kAuto: unless there are more than kMostRelated tables, whose rows
// would make a file that is too large for reflection.
enum class Relations { kAuto, kOn, kOff };
inline constexpr int kMostRelated = 1500;

struct DeriveOptions {
  // The package of each schema. A schema that is not named here has the package `<schema>.v1`; for `public` it is
  // `<database>.v1`.
  std::map<std::string, std::string> packages;
  // Whether a nullable timestamp column with the name deleted_at declares a soft delete by itself.
  bool soft_delete = true;
  Relations relations = Relations::kAuto;
  // Whether functions and procedures are served.
  bool functions = true;
};

// Derives the Contract. What cannot be served is left out, and `warnings` says so. An empty database gives a Contract
// without tables. The same Catalog always gives the same Contract, byte for byte. INVALID_ARGUMENT: a package of
// `options` is not the name of a package, or is that of a fixed service.
absl::StatusOr<Contract> Derive(const catalog::Catalog& catalog, const DeriveOptions& options);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_DERIVE_H_
