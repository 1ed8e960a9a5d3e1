// One connection to PostgreSQL. The interface is what the Pool lends and tests
// fake; Connect makes the real one, on libpqxx. Exceptions end here: all
// results are absl::Status.
#ifndef PROTOGRES_SERVICE_DB_CONNECTION_H_
#define PROTOGRES_SERVICE_DB_CONNECTION_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/rows.h"

namespace protogres::db {

using Param = std::optional<std::string>;  // PostgreSQL's text form; no value is NULL

// A row in PostgreSQL's text form; no value is NULL.
using Cells = std::vector<std::optional<std::string_view>>;
// Takes a row, which lives until it returns. False: no more for now.
using TakeRow = absl::FunctionRef<bool(const Cells&)>;

// Stops what runs on a connection, from any thread; of a connection that is gone it does nothing.
class Stopper {
 public:
  virtual ~Stopper() = default;
  // Asks the server to cancel the running statement. Blocks until the server has taken the request, which has no bound
  // of time where the network is silent.
  virtual void Ask() = 0;
  // Shuts the socket: what waits for the server ends at once, and the connection is lost. Does not block.
  virtual void Shut() = 0;
  // How long the server may leave a cancel unanswered before it is given up.
  virtual std::chrono::milliseconds patience() const = 0;
};

class Connection {
 public:
  virtual ~Connection() = default;

  // Runs one statement with parameters and blocks until it is done. Within
  // Begin ... Commit it is part of that transaction, else of its own implicit
  // one. Errors by the table in error.h. `writes` says whether a lost
  // connection leaves an outcome in doubt (implicit transactions only).
  virtual absl::StatusOr<Rows> Execute(const std::string& sql, std::span<const Param> params, bool writes) = 0;

  // The same of a statement that reads, but of at most as many rows as reach `most_bytes`, roughly, and one at the
  // least where there is one: then Rows::cut is true, and there may be more.
  virtual absl::StatusOr<Rows> ExecuteSome(const std::string& sql, std::span<const Param> params, std::int64_t) {
    return Execute(sql, params, false);
  }

  // The same of a statement that reads, but its rows come by FetchRows, in as much memory as one of them takes:
  // PostgreSQL goes only as far ahead as the socket's buffers.
  virtual absl::Status OpenRows(const std::string& sql, std::span<const Param> params) = 0;
  // Gives rows to `take` until it wants no more, or none has come for a moment: true. False: that was the last.
  virtual absl::StatusOr<bool> FetchRows(TakeRow take) = 0;

  // COPY ... FROM STDIN, in the text format (PostgreSQL manual, COPY, "Text Format"), within a transaction.
  virtual absl::Status OpenCopy(const std::string& sql) = 0;
  // Sends whole lines. An error of an earlier line may be told here; its ErrorInfo's `row` is the line, from 1.
  virtual absl::Status PutCopy(std::string_view lines) = 0;
  // How many rows were stored.
  virtual absl::StatusOr<std::int64_t> CloseCopy() = 0;

  // Between an Open and its end (an error, the last row, CloseCopy) nothing but the functions above may be called, and
  // this, which gives it up: an implicit transaction is rolled back, an explicit one aborted.
  // Fails only with the connection, within cancel_timeout.
  virtual absl::Status Abandon() = 0;

  // BEGIN with this tail ("ISOLATION LEVEL REPEATABLE READ READ ONLY"; empty: the defaults).
  virtual absl::Status Begin(const std::string& mode) = 0;
  // UNKNOWN, reason COMMIT_IN_DOUBT, where the connection was lost meanwhile.
  virtual absl::Status Commit() = 0;
  // ROLLBACK of the open transaction, if any. Fails only with the connection, within cancel_timeout.
  virtual absl::Status Rollback() = 0;

  // A round trip that proves that the connection lives and is idle, and that
  // the server takes writes as it did when the connection was made (a primary that became a
  // replica fails it). At most cancel_timeout.
  virtual absl::Status Ping() = 0;

  // Before another caller may have the connection, which must be idle. `discard`: ends all that the session has beside
  // its prepared statements, in one round trip. Else fails if a call that wrote has left another role or search_path,
  // which is asked only where the database has code of its own. At most cancel_timeout.
  virtual absl::Status Reset(bool /*discard*/) { return absl::OkStatus(); }

  // True while the connection is usable and in no transaction: no I/O but a
  // look at the socket, which shows whether the server has closed it.
  virtual bool Idle() = 0;
  // False from the first sign that the connection is lost.
  virtual bool Alive() const = 0;
  // This side has given it up for want of memory, which says nothing of other connections.
  virtual bool GivenUp() const { return false; }
  // An error has ended the open transaction: only Rollback, or ROLLBACK TO a savepoint, goes on.
  virtual bool Aborted() const = 0;

  // The catalog has moved: statements that are prepared may not fit it any more, and are prepared again when they are
  // used next. No I/O.
  virtual void Forget() {}

  // What another thread stops the running statement by.
  virtual const std::shared_ptr<Stopper>& stopper() const = 0;

  // Waits for a NOTIFY on a channel that was LISTENed to, at most `timeout`.
  // True: there was one. UNAVAILABLE: the connection was lost.
  virtual absl::StatusOr<bool> AwaitNotification(std::chrono::milliseconds timeout) = 0;
};

// --echo.
enum class Echo { kOff, kTypes, kValues };

struct ConnectionOptions {
  // libpq connection string or URI (PostgreSQL manual, chapter 34.1.1); PG* variables fill in what it leaves out.
  std::string database = {};
  // How long one attempt to connect may take.
  std::chrono::seconds connect_timeout{10};
  // How long the server may take to answer a cancel, and any statement that it has nothing to wait for in: a ping,
  // BEGIN, ROLLBACK, DEALLOCATE. After it the connection is given up as lost.
  std::chrono::milliseconds cancel_timeout{2000};
  // Prepared statements kept by a connection; the least recently used one goes first. 0: none is prepared.
  int statement_cache_size = 256;
  Echo echo = Echo::kOff;
};

// Opens a connection with UTF-8, ISO dates, UTC and ISO 8601 intervals as its
// session's defaults. Blocks. UNAVAILABLE: no server there or it refuses
// connections for now; UNAUTHENTICATED: wrong role or password;
// NOT_FOUND: no such database; INVALID_ARGUMENT: a malformed connection string.
absl::StatusOr<std::unique_ptr<Connection>> Connect(const ConnectionOptions& options);

using ConnectionFactory = std::function<absl::StatusOr<std::unique_ptr<Connection>>()>;

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_CONNECTION_H_
