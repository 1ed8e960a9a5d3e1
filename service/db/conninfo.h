// The libpq connection string that a connection is really opened with. Knows
// libpq's keywords and our session's defaults; opens nothing.
#ifndef PROTOGRES_SERVICE_DB_CONNINFO_H_
#define PROTOGRES_SERVICE_DB_CONNINFO_H_

#include <string>

#include "absl/status/statusor.h"
#include "db/connection.h"

namespace protogres::db {

// options.database with our session defaults and the search_path added as the
// startup parameter `options`, so that RESET and DISCARD keep them; after the user's own options, so that
// ours win. Where it says nothing of tcp_user_timeout and keepalives they get values that suit a server.
// INVALID_ARGUMENT: it is malformed; the words never show a part of it. A pooler that refuses `options` gets none but
// the user's own.
absl::StatusOr<std::string> Conninfo(const ConnectionOptions& options);

// What follows BEGIN behind a pooler: SQL that gives the transaction the session defaults, and the role and search_path
// that a new session has.
std::string TransactionDefaults(const ConnectionOptions& options);

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_CONNINFO_H_
