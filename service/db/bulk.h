// Reads rows from PostgreSQL one by one, and writes rows to it one by one.
//
// A statement without parameters is read by COPY. COPY takes no parameters, so a statement that has some is read in
// libpq's single-row mode, which takes twice as much time here. Settings of the transaction could replace the
// parameters in a COPY. But the value of a setting is text, so PostgreSQL could choose another operator, and it would
// parse the value again for every row.
#ifndef PROTOGRES_SERVICE_DB_BULK_H_
#define PROTOGRES_SERVICE_DB_BULK_H_

#include <libpq-fe.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/connection.h"
#include "db/exchange.h"

namespace protogres::db {

// The rows or the COPY that is open on one connection. Nothing else can run on the connection until its end, which may
// be an error.
class Bulk {
 public:
  // Both must outlive this.
  Bulk(PGconn* connection, Exchange& exchange) : connection_(connection), exchange_(exchange) {}

  // These are the functions of Connection.
  absl::Status OpenRows(const std::string& sql, std::span<const Param> params);
  absl::StatusOr<bool> FetchRows(TakeRow take);
  absl::Status OpenCopy(const std::string& sql);
  absl::Status PutCopy(std::string_view lines);
  absl::StatusOr<std::int64_t> CloseCopy();
  // Reads what is left of the answer after a cancel. UNAVAILABLE: the connection was lost.
  absl::Status Abandon();

  bool open() const { return state_ != State::kNone; }
  // Says that an error has ended what was open.
  void Break() { state_ = State::kNone; }

 private:
  enum class State { kNone, kQuery, kCopyOut, kCopyIn };

  // What came next: a row, nothing yet, or the end.
  enum class Next { kRow, kNotYet, kEnd };
  absl::StatusOr<Next> NextQueried(TakeRow take, bool* more);
  absl::StatusOr<Next> NextCopied(TakeRow take, bool* more);
  absl::Status BeginCopy(const std::string& sql, State state);
  // Ends the COPY that is open, and adds the number of its rows to `copied_`.
  absl::Status EndCopy();

  PGconn* const connection_;
  Exchange& exchange_;
  State state_ = State::kNone;
  std::string copy_;         // the statement that OpenCopy was given
  std::int64_t copied_ = 0;  // the number of rows that the COPYs of this statement have stored so far
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_BULK_H_
