// One connection to PostgreSQL. The Pool lends connections by this interface, and tests implement it; Connect makes the
// real one, on libpqxx. No exception leaves a connection: all results are absl::Status.
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
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/pooler.h"
#include "db/rows.h"

namespace protogres::db {

using Param = std::optional<std::string>;  // PostgreSQL's text form; no value is NULL

// A row in PostgreSQL's text form; no value is NULL.
using Cells = std::vector<std::optional<std::string_view>>;
// Takes a row, which lives until the function returns. False: it wants no more rows for now.
using TakeRow = absl::FunctionRef<bool(const Cells&)>;

// Stops the statement that runs on a connection. May be used on any thread, and does nothing if the connection is gone.
class Stopper {
 public:
  virtual ~Stopper() = default;
  // Asks the server to cancel the running statement. Blocks until the server has taken the request, which has no bound
  // of time where the network is silent.
  virtual void Ask() = 0;
  // Shuts the socket: a thread that waits for the server wakes at once, and the connection is lost. Does not block.
  virtual void Shut() = 0;
  // How long the server may leave a cancel unanswered before the connection is given up.
  virtual std::chrono::milliseconds patience() const = 0;
};

// A parameter of the server's that a transaction sets for itself alone, as set_config(name, value, true) does.
struct Setting {
  std::string name;
  std::string value;
};

// One of several statements that run together.
struct Statement {
  std::string sql;
  std::vector<Param> params;
  bool writes = false;
};

// How a transaction begins.
struct Opening {
  // What follows BEGIN ("ISOLATION LEVEL REPEATABLE READ READ ONLY"). Empty: the defaults.
  std::string mode = {};
  // Set in this order. `role` is one of them like others.
  std::vector<Setting> settings = {};
  // A function, as SQL: its qualified name with quotes. It is called without arguments after the settings. Empty: none.
  std::string pre_request = {};
  // All of this goes to the server together with the transaction's first statement, in one round trip, and the errors
  // of both are that statement's. False: it is done by Begin.
  bool deferred = false;
  // The first statement is the whole transaction: with it the transaction is committed, or rolled back if it fails.
  // Implies `deferred`. If that statement is OpenRows or OpenCopy, Commit or Rollback is still needed.
  bool alone = false;
};

class Connection {
 public:
  virtual ~Connection() = default;

  // Runs one statement with parameters and blocks until it is done. Between Begin and Commit the statement belongs to
  // that transaction; otherwise it has an implicit transaction of its own. Errors are made by status::ToStatus.
  // `writes` says whether the outcome of an implicit transaction is in doubt if the connection is lost.
  virtual absl::StatusOr<Rows> Execute(const std::string& sql, std::span<const Param> params, bool writes) = 0;

  // Runs statements of the open transaction one after the other, until one fails, in one round trip where that can be.
  // Appends the rows of each that succeeded to `rows`; the error is that of the next one. With `commit` the transaction
  // is committed after the last: then the error may also be that of Commit, after all of them.
  virtual absl::Status ExecuteAll(std::span<const Statement> statements, bool commit, std::vector<Rows>* rows) {
    for (const Statement& statement : statements) {
      auto one = Execute(statement.sql, statement.params, statement.writes);
      if (!one.ok()) return one.status();
      rows->push_back(*std::move(one));
    }
    return commit ? Commit() : absl::OkStatus();
  }

  // The same for statements that read, whose answers may have roughly `most_bytes` together. False: they have more;
  // then `rows` is as it was, and the transaction goes on, or is committed.
  virtual absl::StatusOr<bool> ExecuteAllWithin(std::span<const Statement> statements, bool commit, std::int64_t,
                                                std::vector<Rows>* rows) {
    const absl::Status status = ExecuteAll(statements, commit, rows);
    return status.ok() ? absl::StatusOr<bool>(true) : status;
  }

  // The same as Execute for a statement that reads. Stops when the rows have roughly `most_bytes`, but not before the
  // first row; then Rows::cut is true, and there may be more rows.
  virtual absl::StatusOr<Rows> ExecuteSome(const std::string& sql, std::span<const Param> params, std::int64_t) {
    return Execute(sql, params, false);
  }

  // The same for a statement that reads, but FetchRows gives its rows. They take only the memory of one row: PostgreSQL
  // gets ahead only by the buffers of the socket.
  virtual absl::Status OpenRows(const std::string& sql, std::span<const Param> params) = 0;
  // Gives rows to `take`. True: `take` wants no more rows for now, or no row has come for a moment. False: the last row
  // has come.
  virtual absl::StatusOr<bool> FetchRows(TakeRow take) = 0;

  // Begins a COPY ... FROM STDIN in the text format (PostgreSQL manual, COPY, "Text Format"). A transaction must be
  // open.
  virtual absl::Status OpenCopy(const std::string& sql) = 0;
  // Sends whole lines. The error may be that of an earlier line; `row` in its ErrorInfo is the number of the line,
  // from 1.
  virtual absl::Status PutCopy(std::string_view lines) = 0;
  // Ends the COPY and returns the number of rows that were stored.
  virtual absl::StatusOr<std::int64_t> CloseCopy() = 0;

  // Gives up the rows or the COPY that is open: an implicit transaction is rolled back, an explicit one is aborted.
  // Fails only if the connection is lost; this takes at most cancel_timeout. From OpenRows or OpenCopy until the end
  // (an error, the last row, CloseCopy) only the functions above and this one may be called.
  virtual absl::Status Abandon() = 0;

  // Begins a transaction. Behind a pooler it may have to wait until the pooler has a session of the server for it.
  // After an error no transaction is open.
  virtual absl::Status Begin(const Opening& opening) = 0;
  // UNKNOWN, reason COMMIT_IN_DOUBT: the connection was lost during the COMMIT. If the transaction has had no
  // statement, nothing of a deferred BEGIN is sent.
  virtual absl::Status Commit() = 0;
  // Rolls back the open transaction, if there is one. Fails only if the connection is lost; this takes at most
  // cancel_timeout.
  virtual absl::Status Rollback() = 0;

  // Proves by a round trip that the connection is alive and idle, and that the server still takes writes if it took
  // them when the connection was made (a primary may have become a replica). Takes at most cancel_timeout.
  virtual absl::Status Ping() = 0;

  // Prepares the connection for another caller. It must be idle. With `discard`, resets everything that the session has
  // except its prepared statements, in one round trip. Without, fails if a call that wrote has left another role or
  // search_path; the server is asked for them only if the database has functions of its own. Takes at most
  // cancel_timeout.
  virtual absl::Status Reset(bool /*discard*/) { return absl::OkStatus(); }
  // Whether Reset would ask the server.
  virtual bool ResetAsks(bool /*discard*/) const { return false; }

  // True: the connection is usable and no transaction is open. Does no I/O except a look at the socket, which shows
  // whether the server has closed it.
  virtual bool Idle() = 0;
  // False: there was a sign that the connection is lost.
  virtual bool Alive() const = 0;
  // True: this process has given the connection up because it had no memory for an answer. Other connections may be
  // fine.
  virtual bool GivenUp() const { return false; }
  // True: a pooler was found on the way to the server. Then a statement that is to run with the session's defaults
  // needs a transaction around it, which Begin gives them to; one without that has found it is STATEMENT_LOST, not run.
  virtual bool pooled() const { return false; }
  // True: a COMMIT may have to wait for those of other servers (foreign tables, shards), and may fail after them. Then
  // writes need an explicit transaction, in which an error of the statement is told from one of the COMMIT.
  virtual bool commits_elsewhere() const { return false; }
  // True: an error has ended the open transaction. Only Rollback, or ROLLBACK TO a savepoint, is possible now.
  virtual bool Aborted() const = 0;

  // Says that the catalog has moved. Prepared statements may not fit it any more, so each is prepared again when it is
  // used next. Does no I/O.
  virtual void Forget() {}

  // Lets another thread stop the running statement.
  virtual const std::shared_ptr<Stopper>& stopper() const = 0;

  // Waits for at most `timeout` for a NOTIFY on a channel to which this connection listens. True: there was one.
  // UNAVAILABLE: the connection was lost.
  virtual absl::StatusOr<bool> AwaitNotification(std::chrono::milliseconds timeout) = 0;

  // True: ConnectionOptions::statement_timeout holds for the statements.
  virtual bool limits_statements() const { return false; }
};

// --echo.
enum class Echo { kOff, kTypes, kValues };

struct ConnectionOptions {
  // A libpq connection string or URI (PostgreSQL manual, chapter 34.1.1). PG* variables give what it leaves out.
  std::string database = {};
  // The session's search_path, for functions and triggers of the database; "$user" stands for the role. Empty: that of
  // the role or the database.
  std::vector<std::string> search_path = {};
  // How long one attempt to connect may take.
  std::chrono::seconds connect_timeout{10};
  // How long the server may take to answer a cancel, or a statement for which it has nothing to wait for: a ping,
  // BEGIN, ROLLBACK, DEALLOCATE. After this time the connection is given up as lost.
  std::chrono::milliseconds cancel_timeout{2000};
  // The most prepared statements that a connection keeps. The least recently used one is dropped first. 0: no statement
  // is prepared.
  int statement_cache_size = 256;
  Echo echo = Echo::kOff;
  // What the connections know of a pooler; copies of these options share it.
  std::shared_ptr<Pooler> pooler = std::make_shared<Pooler>();
  // How long a statement may take: PostgreSQL's statement_timeout. It does not hold for what lasts long by its nature:
  // see Session::Unlimited. 0: as the role or the database says.
  std::chrono::milliseconds statement_timeout{0};
};

// Opens a connection whose session has UTF-8, ISO dates, UTC and ISO 8601 intervals as defaults; behind a pooler its
// transactions have them. Blocks. UNAVAILABLE:
// no server is there, or it refuses connections for now. UNAUTHENTICATED: the role or the password is wrong. NOT_FOUND:
// there is no such database. INVALID_ARGUMENT: the connection string is malformed.
absl::StatusOr<std::unique_ptr<Connection>> Connect(const ConnectionOptions& options);

using ConnectionFactory = std::function<absl::StatusOr<std::unique_ptr<Connection>>()>;

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_CONNECTION_H_
