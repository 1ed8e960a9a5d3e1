// As whom a call runs in the database, and how the methods of a call reach the database.
#ifndef PROTOGRES_SERVICE_DB_CALLER_H_
#define PROTOGRES_SERVICE_DB_CALLER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/pool.h"
#include "db/session.h"

namespace protogres::db {

// Immutable. Each call has one, so that what a transaction needs of it is made only where one is opened: of many calls
// that are answered together, once.
struct Caller {
  // The path of the gRPC method.
  std::string method = {};
  // Shown by PostgreSQL while the transaction runs. Empty: what the connection has.
  std::string application_name = {};
  std::string pre_request = {};
  // The same for all calls of one Identity, and only for them. Null: the call has none.
  std::shared_ptr<const void> identity = nullptr;
  // Of the Identity, to which the texts belong. The fingerprint tells Identities apart where they are written down, and
  // is the same for all tokens of one user (see auth::Identity). All are empty where the call has no Identity.
  std::string_view role = {};
  std::string_view claims = {};
  std::string_view fingerprint = {};
  // The same for all tokens of one user, too; see auth::Identity. 0: the call has no Identity.
  std::uint64_t user = 0;

  // What each transaction of the call begins with; see Opening.
  std::vector<Setting> Settings() const;
};

// What a call opens its Sessions with. All that it refers to must outlive its Sessions.
struct Access {
  Pool& pool;
  const Cancellation& cancellation;
  // Null: the call runs as the role that connects.
  std::shared_ptr<const Caller> caller = nullptr;

  // See Session::Open. PERMISSION_DENIED: the role that connects may not become the caller's. Blocks.
  absl::StatusOr<std::unique_ptr<Session>> Open(SessionOptions options = {}) const;
  // The same, but the transaction is an explicit one and still runs as the role that connects, until Assume.
  absl::StatusOr<std::unique_ptr<Session>> OpenAsServer(SessionOptions options) const;
  // The statements from which on the open transaction of OpenAsServer runs as the caller. None where there is none.
  std::vector<Statement> Assuming() const;
  // The error of the one at `index` of them, as the caller shall see it.
  static absl::Status AssumingError(std::size_t index, const absl::Status& status);
  // Runs them. Blocks.
  absl::Status Assume(Session& session) const;
};

// Between these two statements the open transaction runs as the role that connects, for what the server itself writes
// down in the transaction of a caller; after them as the role that it had. What the caller's statements have set stays
// in force, such as a search_path.
Statement Suspend();
Statement Resume();

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_CALLER_H_
