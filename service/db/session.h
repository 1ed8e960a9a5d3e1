// A Session is a Lease with a transaction on it. It is rolled back when it goes out of scope, unless it was committed.
// A Cancellation can stop its running statement.
#ifndef PROTOGRES_SERVICE_DB_SESSION_H_
#define PROTOGRES_SERVICE_DB_SESSION_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/connection.h"
#include "db/pool.h"

namespace protogres::db {

// The wish of one Call to stop. The Call says so, and the running statement of its Session is cancelled. Thread-safe.
class Cancellation {
 public:
  explicit Cancellation(std::chrono::system_clock::time_point deadline = std::chrono::system_clock::time_point::max());
  ~Cancellation();

  // Says that the client has gone or that its deadline has passed. Never blocks: a thread of the Canceller asks the
  // server to stop the statement. Idempotent.
  void Cancel();
  // Cancels, and gives up the running statement without waiting for the server. The connection is then lost. Never
  // blocks.
  void GiveUp();
  bool cancelled() const;
  // True: the deadline was the cause of the cancel, or, without a cancel, has passed.
  bool past_deadline() const;
  std::chrono::system_clock::time_point deadline() const;
  // OK: nobody wishes to stop. CANCELLED or DEADLINE_EXCEEDED, by the cause.
  absl::Status Check() const;

 private:
  friend class Session;
  struct State;
  std::shared_ptr<State> state_;
};

enum class Transaction {
  // Each statement is a transaction of its own, in one round trip. For requests of one statement. Behind a pooler, and
  // from OpenRows or OpenCopy on, this is like kExplicit, so a Session that has succeeded must always be committed.
  kImplicit,
  // BEGIN ... COMMIT. BEGIN takes no round trip: it goes to the server together with the first statement.
  kExplicit,
};

// PostgreSQL manual, 13.2. kDefault: as default_transaction_isolation says.
enum class Isolation { kDefault, kReadCommitted, kRepeatableRead, kSerializable };

// Only explicit transactions have the options after the first, but for `settings` and `pre_request`: with these an
// implicit transaction is BEGIN ... COMMIT in one round trip.
struct SessionOptions {
  Transaction transaction = Transaction::kImplicit;
  Isolation isolation = Isolation::kDefault;
  bool read_only = false;
  // How long a statement waits for a lock. Without a value: as long as the database is set to.
  std::optional<std::chrono::milliseconds> lock_timeout = std::nullopt;
  // See Opening. Null: none.
  std::shared_ptr<const std::vector<Setting>> settings = nullptr;
  std::string pre_request = {};
  // BEGIN goes to the server at once, and its errors are those of Open.
  bool begin_at_once = false;
  // The transaction is that of one read, which may end it: see ReadAll.
  bool ends_with_reads = false;
};

// For one thread at a time. After a cancel, the connection is proven idle or discarded before it can be lent again, so
// that a late cancel never hits the next request. If the server answers neither the statement nor the cancel within
// ConnectionOptions::cancel_timeout, the connection is given up as lost. Whatever ends a Session takes about as long at
// the most.
class Session {
 public:
  // Takes a Lease (see Pool::Acquire), and begins an explicit transaction. `cancellation` must outlive the Session. The
  // errors are those of Pool::Acquire, Cancellation::Check and Connection::Begin; those of a BEGIN that goes with the
  // first statement are told by that one. Blocks.
  static absl::StatusOr<std::unique_ptr<Session>> Open(Pool& pool, const Cancellation& cancellation,
                                                       const SessionOptions& options = {});
  // Rolls back what was not committed.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Runs a statement. After an error in an explicit transaction only Rollback, the end of scope, or ROLLBACK TO a
  // savepoint makes sense. A statement that the Cancellation has stopped gives CANCELLED or DEADLINE_EXCEEDED, by the
  // cause, unless its outcome is in doubt: then the error says that. A statement that somebody else has cancelled gives
  // ABORTED. Blocks.
  absl::StatusOr<Rows> Read(const std::string& sql, std::span<const Param> params);
  absl::StatusOr<Rows> Write(const std::string& sql, std::span<const Param> params);
  // See Connection::ExecuteSome.
  absl::StatusOr<Rows> ReadSome(const std::string& sql, std::span<const Param> params, std::int64_t most_bytes);

  // See Connection::ExecuteAll. The transaction must be an explicit one.
  absl::Status RunAll(std::span<const Statement> statements, bool commit, std::vector<Rows>* rows);
  // See Connection::ExecuteAllWithin. The transaction must be an explicit one. `last`: no other statement follows, so
  // that it is committed by the way if SessionOptions::ends_with_reads.
  absl::StatusOr<bool> ReadAll(std::span<const Statement> statements, bool last, std::int64_t most_bytes,
                               std::vector<Rows>* rows);
  // Rolls back, and begins the transaction again: as if it had done nothing. An implicit transaction becomes an
  // explicit one.
  absl::Status Restart();

  // Sets a savepoint, which stays: what is written from now on belongs to a subtransaction. `name` must be one that SQL
  // takes without quotes.
  absl::Status Savepoint(const std::string& name);
  bool has_savepoint() const { return has_savepoint_; }

  // No limit of ConnectionOptions::statement_timeout holds any longer for the statements of the open transaction. Takes
  // a round trip where there is such a limit, and begins an implicit transaction. OpenRows and OpenCopy do this first:
  // how fast they go depends on the client.
  absl::Status Unlimited();

  // See Connection::OpenRows and FetchRows. `writes`: what it runs may write.
  absl::Status OpenRows(const std::string& sql, std::span<const Param> params, bool writes = false);
  absl::StatusOr<bool> FetchRows(TakeRow take);
  // See Connection::OpenCopy, PutCopy and CloseCopy. A rollback or the end of scope gives up rows and a COPY that are
  // open.
  absl::Status OpenCopy(const std::string& sql);
  absl::Status PutCopy(std::string_view lines);
  absl::StatusOr<std::int64_t> CloseCopy();

  // Commits an explicit transaction, or rolls it back if it was cancelled. Does nothing for an implicit one. UNKNOWN,
  // reason COMMIT_IN_DOUBT: it may be committed, so it must never be tried again. A transaction that is read-only, or
  // has only read, leaves nothing in doubt: if its connection is lost meanwhile, the error is UNAVAILABLE.
  absl::Status Commit();
  absl::Status Rollback();

  // See Cancellation::Check. For work that is done between two statements.
  absl::Status CheckCancellation() const { return cancellation_.Check(); }

  // True: an explicit transaction is open.
  bool in_transaction() const { return open_; }
  // True: an error has ended the open transaction. Only Rollback, or ROLLBACK TO a savepoint, is possible now.
  bool aborted() const { return lease_.connection().Aborted(); }
  // True: the connection is lost, and the transaction with it.
  bool lost() const { return !lease_.connection().Alive(); }
  // The role that SessionOptions::settings, or Became, have named. Empty: none.
  const std::string& role() const { return role_; }
  // Says that a statement has changed the role.
  void Became(std::string_view role) { role_ = role; }
  // The number of rows that statements of Write have affected so far, and that were not rolled back.
  std::int64_t affected() const { return affected_; }

 private:
  class Running;

  Session(Lease lease, const Cancellation& cancellation, SessionOptions options);
  absl::StatusOr<Rows> Run(const std::string& sql, std::span<const Param> params, bool writes);
  // Does `work`, which the Cancellation can stop, unless it is cancelled already. A lost connection is discarded.
  template <typename Work>
  absl::Status Cancellable(const Work& work);
  // The same for a part of what OpenRows or OpenCopy begins.
  template <typename Work>
  absl::Status Bulk(const Work& work);
  // Begins the transaction of a statement that must have one of its own. `alone`: it is committed with the statement.
  absl::Status BeginFor(Connection& connection, bool alone);
  // The error of a COMMIT, or what is left of it where nothing can be in doubt.
  absl::Status OfCommit(const absl::Status& status) const;
  // Gives up rows or a COPY that may not be at their end.
  void GiveUp();
  // The connection will be closed when it is given back. If it is lost, so will those that are as old.
  void Drop();

  Lease lease_;
  const Cancellation& cancellation_;
  SessionOptions options_;
  std::string role_;
  bool open_ = false;   // an explicit transaction is open
  bool alone_ = false;  // each statement needs a BEGIN, and is committed with it
  bool wrote_ = false;  // a statement of Write, a COPY or SessionOptions::pre_request has run
  bool has_savepoint_ = false;
  std::int64_t affected_ = 0;
  bool bulk_ = false;         // rows or a COPY are open, which may not be at their end
  bool cancel_sent_ = false;  // the connection must be proven idle
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_SESSION_H_
