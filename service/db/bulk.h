// Rows one by one, out of PostgreSQL and into it, by libpq's own calls: what libpqxx has of it holds whole results,
// or takes no parameters. Errors are exceptions, as in link.h.
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

#include "db/connection.h"

namespace protogres::db {

// What runs so on one connection; nothing else can meanwhile. An exception is its end.
class Bulk {
 public:
  // `connection` must outlive it.
  explicit Bulk(PGconn* connection) : connection_(connection) {}

  // Functions of Connection.
  void OpenRows(const std::string& sql, std::span<const Param> params);
  bool FetchRows(TakeRow take);
  void OpenCopy(const std::string& sql);
  // `spoken`: the server has sent something, which it does not without cause.
  void PutCopy(std::string_view lines, bool spoken);
  std::int64_t CloseCopy();
  // What it takes after a cancel. False: it has not ended for so long that the connection is not worth more.
  bool Abandon();

  bool open() const { return state_ != State::kNone; }
  void Break() { state_ = State::kNone; }
  // Lines of the COPY that are stored already, beside those that an error's line counts.
  std::int64_t copied() const { return copied_; }

 private:
  enum class State { kNone, kQuery, kCopyOut, kCopyIn };

  // What the next row is, if there is one yet.
  enum class Next { kRow, kNotYet, kEnd };
  Next NextQueried(TakeRow take, bool* more);
  Next NextCopied(TakeRow take, bool* more);
  void BeginCopy(const std::string& sql, ExecStatusType direction, State state);
  std::int64_t EndCopy();

  PGconn* const connection_;
  State state_ = State::kNone;
  std::string copy_;
  std::int64_t copied_ = 0;
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_BULK_H_
