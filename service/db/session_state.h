// What a connection's session was when it was made, and whether it still is: a call must not find what the functions
// and triggers of an earlier one have left behind.
#ifndef PROTOGRES_SERVICE_DB_SESSION_STATE_H_
#define PROTOGRES_SERVICE_DB_SESSION_STATE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/exchange.h"

namespace protogres::db {

// Each function but Wrote is one round trip at the most, outside transactions, and gives the connection up where it is
// not answered at `until`.
class SessionState {
 public:
  using Clock = Exchange::Clock;

  // `exchange` must outlive it.
  explicit SessionState(Exchange& exchange) : exchange_(exchange) {}

  // The connection's first statement, which sees what the session is.
  absl::Status Start(Clock::time_point until);

  // UNAVAILABLE, reason READ_ONLY_SERVER: the server takes no writes any more.
  absl::Status Ping(Clock::time_point until);

  // A statement that may write runs, and with it the functions and triggers of the database.
  void Wrote() { wrote_ = true; }

  // Ends all that a session has beside its prepared statements, as DISCARD ALL does.
  absl::Status Discard(Clock::time_point until);

  // FAILED_PRECONDITION: the role or the search_path is another one. Looks only after a write, which reads seldom run
  // functions beside, and only where the database has functions that are not written in C: so no call pays for it in a
  // database without code of its own.
  absl::Status Check(Clock::time_point until);

 private:
  absl::StatusOr<Result> Ask(const std::string& sql, Clock::time_point until);

  Exchange& exchange_;
  bool read_only_ = false;
  bool has_code_ = false;
  bool wrote_ = false;
  std::string identity_;
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_SESSION_STATE_H_
