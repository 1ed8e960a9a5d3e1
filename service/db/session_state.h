// What a connection's session was when it was made, and whether it still is: a call must not find what the functions
// and triggers of an earlier one have left behind.
#ifndef PROTOGRES_SERVICE_DB_SESSION_STATE_H_
#define PROTOGRES_SERVICE_DB_SESSION_STATE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/connection.h"
#include "db/exchange.h"
#include "db/pooler.h"

namespace protogres::db {

// Behind a pooler a connection has no session of its own. That there is one shows where the process that answers is not
// the one that the connection's cancel key names: a pooler has keys of its own, and passes questions on to whatever
// session is free.
//
// Each function but Wrote is a round trip or two, outside transactions, and gives the connection up where it is not
// answered at `until`.
class SessionState {
 public:
  using Clock = Exchange::Clock;

  // `exchange` must outlive it. `key` is the process that the connection's cancel key names.
  SessionState(Exchange& exchange, int key, const ConnectionOptions& options)
      : exchange_(exchange),
        key_(std::to_string(key)),
        pooler_(options.pooler),
        prepares_(options.statement_cache_size > 0) {}

  // The connection's first statement, which sees what the session is, and whether there is a pooler.
  absl::Status Start(Clock::time_point until);

  // Looks whether there is a pooler.
  absl::Status LookForPooler(Clock::time_point until);

  // UNAVAILABLE, reason READ_ONLY_SERVER: the server takes no writes any more. Looks for a pooler, too.
  absl::Status Ping(Clock::time_point until);

  // A statement that may write runs, and with it the functions and triggers of the database.
  void Wrote() { wrote_ = true; }

  // Ends all that a session has beside its prepared statements, as DISCARD ALL does.
  absl::Status Discard(Clock::time_point until);

  // Does nothing behind a pooler, where each transaction begins with its own role and search_path.
  // FAILED_PRECONDITION: the role or the search_path is another one. Looks only after a write, which reads seldom run
  // functions beside, and only where the database has functions that are not written in C: so no call pays for it in a
  // database without code of its own.
  absl::Status Check(Clock::time_point until);
  // Whether Check would take a round trip.
  bool CheckAsks() const { return wrote_ && has_code_ && !pooler_->found(); }

 private:
  absl::StatusOr<Result> Ask(const std::string& sql, Clock::time_point until);
  // What the session looks like now, by a statement that is prepared the first time: to parse it would take longer than
  // what most functions do.
  absl::StatusOr<Result> AskLooks(Clock::time_point until);
  // `pid` is the process that has answered.
  void Answered(const std::string& pid);

  Exchange& exchange_;
  const std::string key_;
  const std::shared_ptr<Pooler> pooler_;
  const bool prepares_;
  bool read_only_ = false;
  bool has_code_ = false;
  bool wrote_ = false;
  bool looks_prepared_ = false;
  std::string looks_like_;
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_SESSION_STATE_H_
