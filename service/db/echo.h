// --echo: one log line a statement. Pure.
#ifndef PROTOGRES_SERVICE_DB_ECHO_H_
#define PROTOGRES_SERVICE_DB_ECHO_H_

#include <chrono>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "db/connection.h"

namespace protogres::db {

// "SELECT ... [$1 text(5), $2 NULL] OK 0.8 ms"; with kValues the parameters'
// values instead, quoted and escaped. Always one line. The error's message is shown
// with kValues only, since it may hold values.
std::string EchoLine(const std::string& sql, std::span<const Param> params, const absl::Status& status,
                     std::chrono::microseconds took, Echo echo);

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_ECHO_H_
