// Rows one by one, out of PostgreSQL and into it.
//
// Rows come by COPY where the statement has no parameters, and else, as COPY takes none, in libpq's single-row mode,
// which costs this side twice as much. Settings of the transaction could stand for parameters in a COPY, but their
// values would be text: an operator could be another one, and they would be read again for every row.
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

// What runs so on one connection; nothing else can meanwhile. An error is its end.
class Bulk {
 public:
  // Both must outlive it.
  Bulk(PGconn* connection, Exchange& exchange) : connection_(connection), exchange_(exchange) {}

  // Functions of Connection.
  absl::Status OpenRows(const std::string& sql, std::span<const Param> params);
  absl::StatusOr<bool> FetchRows(TakeRow take);
  absl::Status OpenCopy(const std::string& sql);
  absl::Status PutCopy(std::string_view lines);
  absl::StatusOr<std::int64_t> CloseCopy();
  // What it takes after a cancel.
  absl::Status Abandon();

  bool open() const { return state_ != State::kNone; }
  void Break() { state_ = State::kNone; }

 private:
  enum class State { kNone, kQuery, kCopyOut, kCopyIn };

  // What the next row is, if there is one yet.
  enum class Next { kRow, kNotYet, kEnd };
  absl::StatusOr<Next> NextQueried(TakeRow take, bool* more);
  absl::StatusOr<Next> NextCopied(TakeRow take, bool* more);
  absl::Status BeginCopy(const std::string& sql, State state);
  // Ends the COPY under way, and adds its rows to `copied_`.
  absl::Status EndCopy();

  PGconn* const connection_;
  Exchange& exchange_;
  State state_ = State::kNone;
  std::string copy_;
  std::int64_t copied_ = 0;  // rows that earlier COPYs of this one have stored
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_BULK_H_
