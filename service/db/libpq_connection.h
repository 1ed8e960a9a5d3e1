// The real Connection, on libpq. Its functions stand in this header, libpq_transaction.cc and libpq_reads.cc.
#ifndef PROTOGRES_SERVICE_DB_LIBPQ_CONNECTION_H_
#define PROTOGRES_SERVICE_DB_LIBPQ_CONNECTION_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/bulk.h"
#include "db/canceller.h"
#include "db/connection.h"
#include "db/conninfo.h"
#include "db/exchange.h"
#include "db/link.h"
#include "db/opening.h"
#include "db/pooler.h"
#include "db/prepared_statements.h"
#include "db/ran_statement.h"
#include "db/result.h"
#include "db/session_state.h"
#include "db/stopper.h"
#include "status/macros.h"
#include "status/status.h"

namespace protogres::db {

class LibpqConnection : public Connection {
 public:
  using Clock = Exchange::Clock;

  // Throws if the system gives no copy of the link's socket.
  LibpqConnection(std::unique_ptr<Link> link, const ConnectionOptions& options)
      : link_(std::move(link)),
        stopper_(std::make_shared<SocketStopper>(link_->raw(), options.cancel_timeout)),
        state_(exchange_, PQbackendPID(link_->raw()), options),
        pooler_(options.pooler),
        statements_(exchange_, *pooler_, static_cast<std::size_t>(std::max(0, options.statement_cache_size)),
                    options.cancel_timeout),
        transaction_defaults_(TransactionDefaults(options)),
        limits_statements_(options.statement_timeout.count() > 0) {
    PQsetNoticeProcessor(
        link_->raw(), [](void*, const char*) {}, nullptr);
    echo_ = options.echo;
  }

  // Runs the first statement.
  absl::Status Start(std::chrono::seconds timeout) { return state_.Start(Clock::now() + timeout); }

  absl::StatusOr<Rows> Execute(const std::string& sql, std::span<const Param> params, bool writes) override {
    if (writes) state_.Wrote();
    Result result;
    RETURN_IF_ERROR(Ending(sql, params, writes, [&] { return Try(sql, params, writes, &result); }));
    return Whole(std::move(result));
  }

  absl::Status ExecuteAll(std::span<const Statement> statements, bool commit, std::vector<Rows>* rows) override;

  absl::StatusOr<bool> ExecuteAllWithin(std::span<const Statement> statements, bool commit, std::int64_t most_bytes,
                                        std::vector<Rows>* rows) override;

  absl::StatusOr<Rows> ExecuteSome(const std::string& sql, std::span<const Param> params,
                                   std::int64_t most_bytes) override {
    Rows rows;
    RETURN_IF_ERROR(Ending(sql, params, false, [&] {
      ASSIGN_OR_RETURN(rows, Some(sql, params, most_bytes));
      return absl::OkStatus();
    }));
    return rows;
  }

  absl::Status OpenRows(const std::string& sql, std::span<const Param> params) override {
    RETURN_IF_ERROR(CheckParams(params));
    state_.Wrote();  // the rows may be those of a function
    RETURN_IF_ERROR(SendBegin());
    return Timed(sql, params, [&] { return InBulk([&] { return bulk_.OpenRows(sql, params); }); });
  }

  absl::StatusOr<bool> FetchRows(TakeRow take) override {
    return InBulk([&] { return bulk_.FetchRows(take); });
  }

  absl::Status OpenCopy(const std::string& sql) override {
    state_.Wrote();
    RETURN_IF_ERROR(SendBegin());
    return Timed(sql, {}, [&] { return InBulk([&] { return bulk_.OpenCopy(sql); }); });
  }

  absl::Status PutCopy(std::string_view lines) override {
    return InBulk([&] { return bulk_.PutCopy(lines); });
  }

  absl::StatusOr<std::int64_t> CloseCopy() override {
    return InBulk([&] { return bulk_.CloseCopy(); });
  }

  absl::Status Abandon() override {
    if (!bulk_.open()) return absl::OkStatus();
    // The statement that is given up may be waiting for a lock.
    return Cancelled([&] { return bulk_.Abandon(); });
  }

  absl::Status Begin(const Opening& opening) override;
  absl::Status Commit() override { return Commit(true); }
  absl::Status Rollback() override;

  absl::Status Ping() override {
    if (in_transaction_) return status::Internal("a ping within a transaction");
    return state_.Ping(Soon());
  }

  absl::Status Reset(bool discard) override { return discard ? state_.Discard(Soon()) : state_.Check(Soon()); }
  bool ResetAsks(bool discard) const override { return discard || state_.CheckAsks(); }

  bool Idle() override {
    // A server sends to an idle session only that it ends it, or that a setting has changed. In both cases a new
    // connection is as good.
    return Alive() && !in_transaction_ && PQtransactionStatus(link_->raw()) == PQTRANS_IDLE && !exchange_.Readable() &&
           !exchange_.swollen();
  }

  bool Alive() const override { return exchange_.Alive(); }
  bool limits_statements() const override { return limits_statements_; }
  bool pooled() const override { return pooler_->found(); }
  bool commits_elsewhere() const override { return exchange_.commits_elsewhere(); }
  bool GivenUp() const override { return !exchange_.exhausted().ok(); }
  bool Aborted() const override { return PQtransactionStatus(link_->raw()) == PQTRANS_INERROR; }

  void Forget() override { statements_.DropAll(); }

  const std::shared_ptr<Stopper>& stopper() const override { return shared_stopper_; }

  absl::StatusOr<bool> AwaitNotification(std::chrono::milliseconds timeout) override {
    const auto until = Clock::now() + std::max(timeout, std::chrono::milliseconds(0));
    for (;;) {
      if (!Alive()) return exchange_.Lost(false, "the server has closed it");
      const bool notified = exchange_.TakeNotified();
      exchange_.Forget();  // the bytes of notifications are not kept
      if (notified) return true;
      if (!exchange_.Receive(until)) return false;
    }
  }

 private:
  static const absl::Status& StatusOf(const absl::Status& status) { return status; }
  template <typename Value>
  static const absl::Status& StatusOf(const absl::StatusOr<Value>& value) {
    return value.status();
  }

  // Asks the server to cancel the statement that runs, and meanwhile does `work`, which reads the rest of its answer.
  template <typename Work>
  absl::Status Cancelled(const Work& work) {
    const auto run = std::make_shared<CancellableRun>();
    run->Begin(stopper());
    if (run->Cancel()) Canceller::Get().Add(run);
    const absl::Status status = work();
    if (run->End() != CancellableRun::Ended::kUncertain) return status;
    return exchange_.Lost(false, "a cancel is still on its way");
  }

  // Does one step of what OpenRows or OpenCopy begins. An error ends that.
  template <typename Work>
  auto InBulk(const Work& work) -> decltype(work()) {
    auto done = work();
    if (!StatusOf(done).ok()) bulk_.Break();
    return done;
  }

  template <typename Work>
  absl::Status Timed(const std::string& sql, std::span<const Param> params, const Work& work) {
    ++statement_;
    const auto start = Clock::now();
    absl::Status status = work();
    RanStatement(sql, params, status, start, echo_);
    return status;
  }

  // The time by which the server must have answered a statement for which it has nothing to wait for.
  Clock::time_point Soon() const { return Clock::now() + stopper_->patience(); }

  absl::Status Text(const std::string& sql, bool in_doubt, Clock::time_point until = Exchange::kNever) {
    return Timed(sql, {}, [&] {
      const absl::Status sent = exchange_.SendText(sql);
      return sent.ok() ? exchange_.Finish(in_doubt, until).status() : sent;
    });
  }

  // Runs a statement by `work`, and ends the transaction if that statement is all of it.
  template <typename Work>
  absl::Status Ending(const std::string& sql, std::span<const Param> params, bool writes, const Work& work) {
    const bool alone = in_transaction_ && opening_.alone;
    const auto start = Clock::now();
    absl::Status status = CheckParams(params);
    if (status.ok()) status = Timed(sql, params, work);
    if (!alone) return status;
    if (in_transaction_ && status.ok()) return Commit(writes);
    if (status.ok()) RanStatement("COMMIT", {}, status, start, echo_);
    Rollback().IgnoreError();
    return status;
  }

  // `in_doubt`: the transaction has written something.
  absl::Status Commit(bool in_doubt);
  std::string BeginText() const;
  absl::Status NotBegun();
  // Begins the transaction if its BEGIN waits.
  absl::Status SendBegin();
  // Runs a transaction's first statement together with the BEGIN that waits, and with the COMMIT if it is alone.
  absl::Status TryWithBegin(const std::string& sql, std::span<const Param> params, bool writes, Result* result,
                            bool* stale);
  using Step = PreparedStatements::Step;
  // The statements of the BEGIN that waits.
  std::vector<Step> OpeningSteps() const;
  // Runs `steps`, of which so many are those of the BEGIN that waits. `ends`: the last one is COMMIT.
  absl::Status RunSteps(std::span<Step> steps, std::size_t opening, bool ends, bool writes, bool* stale);
  // Whether statements can run together now.
  bool Together(std::span<const Statement> statements, bool commit) const;
  // The transaction reads only, and is of one call, that sets no savepoints of its own: a Session of the API has its
  // BEGIN sent at once.
  bool OfOneRead() const { return opening_.deferred && opening_.mode.ends_with("READ ONLY"); }
  // Adds the statements that make the savepoint to which the transaction returns if the answers are too large. False:
  // it has nothing to return to, or does not return.
  bool AddSaving(bool commit, std::vector<Step>* steps) const;
  // Does what ExecuteAll does, in one round trip.
  absl::Status TryAll(std::span<const Statement> statements, bool commit, std::vector<Rows>* rows, bool* stale);
  // Runs a statement of a transaction for which nothing is prepared.
  absl::Status Unprepared(const std::string& sql, std::span<const Param> params);
  // Runs the statement, and a second time if a prepared statement was stale and nothing had been executed before: no
  // transaction is open, or it is a transaction's first statement, which was lost or came with its BEGIN. Outside a
  // transaction it does not where a pooler was found by it: then the error is ABORTED, reason STATEMENT_LOST.
  absl::Status Try(const std::string& sql, std::span<const Param> params, bool writes, Result* result);
  // After a prepared statement was lost: sees whether there is a pooler, and begins the transaction again, if one was
  // open.
  absl::Status Recover();

  // The rows of a whole answer. The memory that was counted for it while it came was a guess, which is corrected here.
  Rows Whole(Result result);
  // Reads the whole answer if it is small, which is fastest. If it is not, the statement is cancelled and runs again,
  // row by row. In a transaction of several statements it runs row by row at once, because a cancel would end that.
  absl::StatusOr<Rows> Some(const std::string& sql, std::span<const Param> params, std::int64_t most_bytes);
  absl::StatusOr<Rows> RowByRow(const std::string& sql, std::span<const Param> params, std::int64_t most_bytes);
  // Drops the rest of the answer. Outside a transaction the statement is cancelled.
  absl::Status Stop();
  absl::Status Drop();
  // Cancels what runs and drops the rest of its answer. A cancel that comes late hits `next`, which runs after it and
  // loses nothing by it.
  absl::Status Cancel(const std::string& next);

  const std::unique_ptr<Link> link_;
  const std::shared_ptr<SocketStopper> stopper_;
  const std::shared_ptr<Stopper> shared_stopper_ = stopper_;
  Exchange exchange_{link_->raw(), *stopper_};
  SessionState state_;
  Bulk bulk_{link_->raw(), exchange_};
  const std::shared_ptr<Pooler> pooler_;
  PreparedStatements statements_;
  const std::string transaction_defaults_;  // what follows BEGIN behind a pooler
  const bool limits_statements_;
  Echo echo_ = Echo::kOff;
  bool in_transaction_ = false;
  bool waits_ = false;           // its BEGIN does, for its first statement
  Opening opening_;              // of the transaction
  SettingsStatement settings_;   // of the opening
  bool saved_ = false;           // it has the savepoint that ExecuteAllWithin sets
  int statement_ = 0;            // its number in the transaction
  bool lost_statement_ = false;  // a prepared statement was; it is to be seen why
  std::int64_t most_ = 0;        // the most bytes of an answer; 0: no limit
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_LIBPQ_CONNECTION_H_
