// A Session: a Lease with a transaction on it. Commit, or it rolls back when it
// goes out of scope. Cancellation reaches the running statement.
#ifndef PROTOGRES_SERVICE_DB_SESSION_H_
#define PROTOGRES_SERVICE_DB_SESSION_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/connection.h"
#include "db/pool.h"

namespace protogres::db {

// One Call's wish to stop: shared between the Call, which says so, and the
// Session, whose running statement is then cancelled. Thread-safe.
class Cancellation {
 public:
  explicit Cancellation(std::chrono::system_clock::time_point deadline = std::chrono::system_clock::time_point::max());
  ~Cancellation();

  // The client has gone or its deadline has passed. Never blocks: the request
  // to the server is sent by a thread of db's own. Idempotent.
  void Cancel();
  // Cancels, and gives up the statement that runs without waiting for the server: its connection is lost. Never blocks.
  void GiveUp();
  bool cancelled() const;
  // The deadline has passed, or it was the cause of the cancel.
  bool past_deadline() const;
  std::chrono::system_clock::time_point deadline() const;
  // OK, or CANCELLED / DEADLINE_EXCEEDED by the cause.
  absl::Status Check() const;

 private:
  friend class Session;
  struct State;
  std::shared_ptr<State> state_;
};

enum class Transaction {
  // Each statement is its own implicit transaction: one round trip. For requests of one statement. Behind a pooler it
  // is as kExplicit, so that what has succeeded is to be followed by Commit in any case.
  kImplicit,
  // BEGIN ... COMMIT.
  kExplicit,
};

// PostgreSQL manual, 13.2.
enum class Isolation { kDefault, kReadCommitted, kRepeatableRead, kSerializable };

// All but the first are of explicit transactions.
struct SessionOptions {
  Transaction transaction = Transaction::kImplicit;
  Isolation isolation = Isolation::kDefault;  // default_transaction_isolation
  bool read_only = false;
  // How long a statement waits for a lock; nothing: as the database is set.
  std::optional<std::chrono::milliseconds> lock_timeout = std::nullopt;
};

// For one thread at a time. After a cancel, the connection is proven idle
// or discarded before it can be lent again: a late cancel never hits the next request. A server that answers neither
// the statement nor the cancel within ConnectionOptions::cancel_timeout is given up: the connection is lost. All that
// ends a Session takes about as long at the most.
class Session {
 public:
  // Takes a Lease (see Pool::Acquire) and, if explicit, begins. `cancellation` must outlive
  // the Session. Errors: Pool::Acquire's, cancellation.Check()'s, Connection's.
  static absl::StatusOr<std::unique_ptr<Session>> Open(Pool& pool, const Cancellation& cancellation,
                                                       const SessionOptions& options = {});
  // Rolls back what was not committed.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Runs a statement. After an error in an explicit transaction only Rollback
  // (or the end of scope) makes sense. What the Cancellation has ended comes as CANCELLED or DEADLINE_EXCEEDED by its
  // cause; only where its outcome is in doubt, as that. A 57014 of another cause is ABORTED.
  absl::StatusOr<Rows> Read(const std::string& sql, std::span<const Param> params);
  absl::StatusOr<Rows> Write(const std::string& sql, std::span<const Param> params);
  // Connection's ExecuteSome.
  absl::StatusOr<Rows> ReadSome(const std::string& sql, std::span<const Param> params, std::int64_t most_bytes);

  // SAVEPOINT, which stays: what is written from here on is of a subtransaction. `name` is one that SQL takes unquoted.
  absl::Status Savepoint(const std::string& name);
  bool has_savepoint() const { return has_savepoint_; }

  // Connection's OpenRows and FetchRows.
  absl::Status OpenRows(const std::string& sql, std::span<const Param> params);
  absl::StatusOr<bool> FetchRows(TakeRow take);
  // Connection's OpenCopy, PutCopy and CloseCopy. A rollback, or the end of scope, gives up either.
  absl::Status OpenCopy(const std::string& sql);
  absl::Status PutCopy(std::string_view lines);
  absl::StatusOr<std::int64_t> CloseCopy();

  // Commits an explicit transaction; nothing to do for an implicit one.
  // UNKNOWN, reason COMMIT_IN_DOUBT: never to be retried. A read-only one has nothing to be in doubt of: UNAVAILABLE.
  absl::Status Commit();
  absl::Status Rollback();

  // Not OK as soon as the call is cancelled or past its deadline. For work that is done between two statements.
  absl::Status CheckCancellation() const { return cancellation_.Check(); }

  // An explicit transaction is open.
  bool in_transaction() const { return open_; }
  // An error has ended the open transaction: only Rollback, or ROLLBACK TO a savepoint, goes on.
  bool aborted() const { return lease_.connection().Aborted(); }
  // The connection is gone, and the transaction with it.
  bool lost() const { return !lease_.connection().Alive(); }
  // Rows that Write statements have touched so far.
  std::int64_t affected() const { return affected_; }

 private:
  class Running;

  Session(Lease lease, const Cancellation& cancellation, SessionOptions options);
  absl::StatusOr<Rows> Run(const std::string& sql, std::span<const Param> params, bool writes);
  // Does work that the Cancellation reaches, unless it is cancelled already; lost connections are discarded.
  template <typename Work>
  absl::Status Cancellable(const Work& work);
  // The same of a part of what OpenRows or OpenCopy begins.
  template <typename Work>
  absl::Status Bulk(const Work& work);
  void GiveUp();
  // Closes the connection when it is given back, and if it is lost those that are as old.
  void Drop();

  Lease lease_;
  const Cancellation& cancellation_;
  SessionOptions options_;
  bool open_ = false;  // a transaction is
  bool has_savepoint_ = false;
  std::int64_t affected_ = 0;
  bool bulk_ = false;         // rows or a COPY may not be at their end
  bool cancel_sent_ = false;  // so the connection is to be proven idle
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_SESSION_H_
