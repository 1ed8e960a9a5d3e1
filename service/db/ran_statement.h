// What is done with each statement that has run.
#ifndef PROTOGRES_SERVICE_DB_RAN_STATEMENT_H_
#define PROTOGRES_SERVICE_DB_RAN_STATEMENT_H_

#include <chrono>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "db/connection.h"

namespace protogres::db {

// Counts the statement, which began at `start` and has ended now, notes it in the Trace of this thread, and logs it by
// `echo`.
void RanStatement(const std::string& sql, std::span<const Param> params, const absl::Status& status,
                  std::chrono::steady_clock::time_point start, Echo echo);

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_RAN_STATEMENT_H_
