// Why PostgreSQL refuses a connection. Uses libpq, not libpqxx.
#ifndef PROTOGRES_SERVICE_DB_REFUSAL_H_
#define PROTOGRES_SERVICE_DB_REFUSAL_H_

#include <chrono>
#include <string>

#include "absl/status/status.h"

namespace protogres::db {

// The Status of a failed attempt to connect. `text` is libpq's message, which
// has no SQLSTATE; where it quotes the server, the server is asked once more in a way that
// shows the SQLSTATE, since its words may be of any language. OK: this time it lets us in. Blocks, at most `timeout`.
absl::Status WhyRefused(const std::string& conninfo, const std::string& text, std::chrono::seconds timeout);

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_REFUSAL_H_
