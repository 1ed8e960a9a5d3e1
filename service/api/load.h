// Reads a database into a Contract and an Api: the catalog, derived or pinned.
#ifndef PROTOGRES_SERVICE_API_LOAD_H_
#define PROTOGRES_SERVICE_API_LOAD_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "api/api.h"
#include "contract/contract.h"
#include "contract/derive.h"
#include "db/pool.h"
#include "db/session.h"

namespace protogres::api {

// What is read of the database, and how it is named.
struct LoadOptions {
  std::vector<std::string> schemas;             // empty: all but the system's own
  std::vector<std::string> search_path = {};    // that of the connections; empty: not given. Its schemas must exist
  std::map<std::string, std::string> packages;  // schema -> package
  std::string package;                          // the package of the one schema served; empty: by the rules
  std::string contract;                         // a pinned contract's path; empty: derived
  std::string named_as;                         // a contract's path: derived with the packages that it has
  bool all_roles = false;                       // what any role that the one that connects can become may use
  bool soft_delete = true;                      // a nullable timestamp deleted_at is a soft delete by itself
  contract::Relations relations = contract::Relations::kAuto;
  bool functions = true;                     // functions and procedures are served
  std::vector<Api::FixedMethod> fixed = {};  // the methods of the Api that belong to no table
};

// Reads the catalog and derives the Contract; pinned ones are read and checked.
// Blocks; `cancellation` ends it. FAILED_PRECONDITION: a schema that does not exist or may not be used, `package` with
// several schemas, a pin that does not fit (with the list of differences).
// INVALID_ARGUMENT, NOT_FOUND: a pin that cannot be read. Else the Pool's errors.
absl::StatusOr<contract::Contract> LoadContract(db::Pool& pool, const LoadOptions& options,
                                                const db::Cancellation& cancellation = db::Cancellation());

// The same, bound. Warnings of the Contract are logged.
absl::StatusOr<std::shared_ptr<const Api>> LoadApi(db::Pool& pool, const LoadOptions& options,
                                                   const crud::Limits& limits,
                                                   const db::Cancellation& cancellation = db::Cancellation());

// Whether what made a load fail may pass by itself: the database is away or busy, or the catalog moved under the
// reader.
bool MayPass(const absl::Status& status);

}  // namespace protogres::api

#endif  // PROTOGRES_SERVICE_API_LOAD_H_
