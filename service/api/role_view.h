// What of an Api a role may use, as PostgreSQL's grants say: what reflection shows it.
#ifndef PROTOGRES_SERVICE_API_ROLE_VIEW_H_
#define PROTOGRES_SERVICE_API_ROLE_VIEW_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "api/api.h"
#include "db/pool.h"
#include "db/session.h"

namespace protogres::api {

// Immutable, and small: two bits for each table, and one for each service of functions. `api` is always the one that it
// was read for.
class RoleView {
 public:
  // Shows the tables on which `role` has any privilege, and the services of functions of which it may call any: none,
  // where the role that connects cannot become it. Two queries, as the role that connects; the errors are those of
  // db::Session. Blocks.
  static absl::StatusOr<RoleView> Read(db::Pool& pool, const db::Cancellation& cancellation, const Api& api,
                                       const std::string& role);

  // Services and files that are neither of a table nor of functions are shown to all. So are the files of a pinned
  // contract, each of which may have several tables.
  bool ShowsService(const Api& api, std::string_view service) const;
  // The file as it is shown: that of the rows of a package has those of the tables that the role may use, and those
  // that functions answer which it may call. No value: it is not shown.
  std::optional<File> Shown(const Api& api, File file) const;
  // False: what this full name declares is a row, or a field of one, that is not shown.
  bool ShowsSymbol(const Api& api, std::string_view symbol) const;

 private:
  RoleView() = default;

  std::vector<bool> usable_;    // by the table's index in the contract
  std::vector<bool> answered_;  // by the same: its rows are shown, as the table is usable, or a function answers them
  std::vector<bool> callable_;  // by the service's index in Contract::functions
};

}  // namespace protogres::api

#endif  // PROTOGRES_SERVICE_API_ROLE_VIEW_H_
