// Rows one by one, out of PostgreSQL and into it, by libpq's own calls: what libpqxx has of it holds whole results,
// or takes no parameters. Errors are exceptions, as in link.h.
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
  // Null: none.
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

  bool reading() const { return state_ == State::kRows; }
  bool open() const { return state_ != State::kNone; }
  void Break() { state_ = State::kNone; }
  // Lines of the COPY that are stored already, beside those that an error's line counts.
  std::int64_t copied() const { return copied_; }

 private:
  enum class State { kNone, kRows, kCopy };

  void BeginCopy();
  std::int64_t EndCopy();

  PGconn* const connection_;
  State state_ = State::kNone;
  std::string copy_;
  std::int64_t copied_ = 0;
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_BULK_H_
