#include "db/connection.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "db/bulk.h"
#include "db/canceller.h"
#include "db/conninfo.h"
#include "db/exchange.h"
#include "db/link.h"
#include "db/prepared_statements.h"
#include "db/ran_statement.h"
#include "db/refusal.h"
#include "db/result.h"
#include "db/session_state.h"
#include "db/stopper.h"
#include "db/wide.h"
#include "fmt/format.h"
#include "status/macros.h"
#include "status/sqlstate.h"
#include "status/status.h"
#include "text/excerpt.h"

namespace protogres::db {
namespace {

using Clock = Exchange::Clock;

class LibpqConnection : public Connection {
 public:
  // Throws if the system gives no copy of the link's socket.
  LibpqConnection(std::unique_ptr<Link> link, const ConnectionOptions& options)
      : link_(std::move(link)),
        stopper_(std::make_shared<SocketStopper>(link_->raw(), options.cancel_timeout)),
        state_(exchange_, PQbackendPID(link_->raw()), options),
        pooler_(options.pooler),
        statements_(exchange_, *pooler_, static_cast<std::size_t>(std::max(0, options.statement_cache_size)),
                    options.cancel_timeout),
        transaction_defaults_(TransactionDefaults(options)) {
    PQsetNoticeProcessor(
        link_->raw(), [](void*, const char*) {}, nullptr);
    echo_ = options.echo;
  }

  // Runs the first statement.
  absl::Status Start(std::chrono::seconds timeout) { return state_.Start(Clock::now() + timeout); }

  absl::StatusOr<Rows> Execute(const std::string& sql, std::span<const Param> params, bool writes) override {
    RETURN_IF_ERROR(CheckParams(params));
    if (writes) state_.Wrote();
    Result result;
    RETURN_IF_ERROR(Timed(sql, params, [&] { return Try(sql, params, writes, &result); }));
    return Whole(std::move(result));
  }

  absl::StatusOr<Rows> ExecuteSome(const std::string& sql, std::span<const Param> params,
                                   std::int64_t most_bytes) override {
    RETURN_IF_ERROR(CheckParams(params));
    Rows rows;
    RETURN_IF_ERROR(Timed(sql, params, [&] {
      ASSIGN_OR_RETURN(rows, Some(sql, params, most_bytes));
      return absl::OkStatus();
    }));
    return rows;
  }

  absl::Status OpenRows(const std::string& sql, std::span<const Param> params) override {
    RETURN_IF_ERROR(CheckParams(params));
    return Timed(sql, params, [&] { return InBulk([&] { return bulk_.OpenRows(sql, params); }); });
  }

  absl::StatusOr<bool> FetchRows(TakeRow take) override {
    return InBulk([&] { return bulk_.FetchRows(take); });
  }

  absl::Status OpenCopy(const std::string& sql) override {
    state_.Wrote();
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

  absl::Status Begin(const std::string& mode) override {
    if (in_transaction_) return status::Internal("BEGIN within a transaction");
    RETURN_IF_ERROR(statements_.Deallocate());
    mode_ = mode;
    std::string begin = mode.empty() ? "BEGIN" : "BEGIN " + mode;
    if (pooled()) begin += transaction_defaults_;
    // All sessions that a pooler has may be taken for now.
    const absl::Status status = Text(begin, false, pooled() ? Exchange::kNever : Soon());
    in_transaction_ = status.ok();
    statement_ = 0;
    return status;
  }

  absl::Status Commit() override {
    if (!in_transaction_) return status::Internal("COMMIT without a transaction");
    if (Aborted()) {
      // The server would answer the COMMIT with ROLLBACK and no error.
      RETURN_IF_ERROR(Rollback());
      return status::AbortedTransaction("COMMIT of a transaction that an error has ended: it was rolled back");
    }
    // If the server has sent something already, it is most likely closing the connection. If it is, COMMIT must not be
    // sent, so that nothing is in doubt.
    if (exchange_.Readable()) {
      if (absl::Status alive = Text("SELECT 1", false, Soon()); !alive.ok()) {
        in_transaction_ = false;
        return alive;
      }
    }
    const absl::Status status = Text("COMMIT", true);
    // An error at the commit, for example of a deferred constraint, has rolled the transaction back.
    in_transaction_ = false;
    return status;
  }

  absl::Status Rollback() override {
    if (!in_transaction_) return absl::OkStatus();
    in_transaction_ = false;
    RETURN_IF_ERROR(Text("ROLLBACK", false, Soon()));
    return std::exchange(lost_statement_, false) ? state_.LookForPooler(Soon()) : absl::OkStatus();
  }

  absl::Status Ping() override {
    if (in_transaction_) return status::Internal("a ping within a transaction");
    return state_.Ping(Soon());
  }

  absl::Status Reset(bool discard) override { return discard ? state_.Discard(Soon()) : state_.Check(Soon()); }

  bool Idle() override {
    // A server sends to an idle session only that it ends it, or that a setting has changed. In both cases a new
    // connection is as good.
    return Alive() && PQtransactionStatus(link_->raw()) == PQTRANS_IDLE && !exchange_.Readable() &&
           !exchange_.swollen();
  }

  bool Alive() const override { return exchange_.Alive(); }
  bool pooled() const override { return pooler_->found(); }
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

  // Runs the statement, and a second time if the prepared statement was stale and nothing had been executed before: no
  // transaction is open, or it is a transaction's first statement, which was lost.
  absl::Status Try(const std::string& sql, std::span<const Param> params, bool writes, Result* result) {
    const bool first = statement_ == 1;
    for (bool again = false;; again = true) {
      bool stale = false;
      absl::Status status = statements_.Run(
          sql, params, {.in_transaction = in_transaction_, .writes = writes, .most_bytes = most_}, result, &stale);
      if (!stale) return status;
      const bool lost = status::StatementLost(status);
      lost_statement_ = lost;
      if (again || (in_transaction_ && !(lost && first))) return status;
      if (lost) RETURN_IF_ERROR(Recover());
    }
  }

  // After a prepared statement was lost: sees whether there is a pooler, and begins the transaction again, if one was
  // open.
  absl::Status Recover() {
    if (!in_transaction_) {
      lost_statement_ = false;
      return state_.LookForPooler(Soon());
    }
    RETURN_IF_ERROR(Rollback());
    RETURN_IF_ERROR(Begin(std::string(mode_)));
    statement_ = 1;
    return absl::OkStatus();
  }

  // The rows of a whole answer. The memory that was counted for it while it came was a guess, which is corrected here.
  Rows Whole(Result result) {
    Memory::Hold hold = exchange_.TakeHold();
    if (hold.bytes() > 0) Memory::OfProcess().Force(2 * PQresultMemorySize(result.get()), &hold);
    return RowsOf(std::move(result), std::move(hold));
  }

  // Reads the whole answer if it is small, which is fastest. If it is not, the statement is cancelled and runs again,
  // row by row. In a transaction it runs row by row at once, because a cancel would end the transaction.
  absl::StatusOr<Rows> Some(const std::string& sql, std::span<const Param> params, std::int64_t most_bytes) {
    if (in_transaction_ || Wide::OfProcess().Contains(sql)) return RowByRow(sql, params, most_bytes);
    Result result;
    most_ = most_bytes;
    const absl::Status status = Try(sql, params, false, &result);
    most_ = 0;
    if (status.ok()) return Whole(std::move(result));
    // The statement is noted also if there was no memory for the answer: row by row there may be enough next time.
    if (exchange_.overflown() || !exchange_.exhausted().ok()) Wide::OfProcess().Add(sql);
    if (!exchange_.overflown()) return status;
    RETURN_IF_ERROR(Stop());
    return RowByRow(sql, params, most_bytes);
  }

  absl::StatusOr<Rows> RowByRow(const std::string& sql, std::span<const Param> params, std::int64_t most_bytes) {
    RETURN_IF_ERROR(exchange_.SendParams(sql, params));
    PQsetSingleRowMode(link_->raw());
    std::vector<Result> rows;
    Memory::Hold hold;
    std::int64_t bytes = 0;
    bool cut = false;
    for (Result result; !cut && exchange_.Next(Exchange::kNever, &result) && result != nullptr; exchange_.Forget()) {
      if (IsError(result.get())) return exchange_.StatusOf(exchange_.Drain(std::move(result)).get(), false);
      if (PQntuples(result.get()) == 0) continue;
      bytes += static_cast<std::int64_t>(PQresultMemorySize(result.get()));
      // Twice the bytes: for the rows, and for the response that is made of them.
      auto held = Memory::OfProcess().Resize(static_cast<std::size_t>(2 * bytes), &hold);
      if (!held.ok() && rows.empty()) {
        const absl::Status over = Stop();
        return over.ok() ? held : over;
      }
      // Nobody knows whether there is another row, but if there is, it would have to be read whole.
      cut = !held.ok() || bytes >= most_bytes;
      if (held.ok()) rows.push_back(std::move(result));
    }
    if (!Alive()) return exchange_.StatusOf(nullptr, false);
    if (cut) {
      // The rows are read, so the connection matters only to a transaction.
      if (absl::Status over = Stop(); !over.ok() && in_transaction_) return over;
    }
    return RowsOf(std::move(rows), std::move(hold), cut);
  }

  // Drops the rest of the answer. Outside a transaction the statement is cancelled.
  absl::Status Stop() {
    exchange_.LimitAnswer(0);
    const auto drop = [this] {
      for (Result rest; exchange_.Next(Exchange::kNever, &rest) && rest != nullptr;) exchange_.Forget();
      return Alive() ? absl::OkStatus() : exchange_.StatusOf(nullptr, false);
    };
    if (in_transaction_) return drop();
    RETURN_IF_ERROR(Cancelled(drop));
    // A cancel that comes late hits this statement, which does nothing.
    absl::Status proof = Text("SELECT 1", false, Soon());
    if (status::QueryCancelled(proof)) proof = Text("SELECT 1", false, Soon());
    return proof;
  }

  const std::unique_ptr<Link> link_;
  const std::shared_ptr<SocketStopper> stopper_;
  const std::shared_ptr<Stopper> shared_stopper_ = stopper_;
  Exchange exchange_{link_->raw(), *stopper_};
  SessionState state_;
  Bulk bulk_{link_->raw(), exchange_};
  const std::shared_ptr<Pooler> pooler_;
  PreparedStatements statements_;
  const std::string transaction_defaults_;  // what follows BEGIN behind a pooler
  Echo echo_ = Echo::kOff;
  bool in_transaction_ = false;
  std::string mode_;             // of the transaction
  int statement_ = 0;            // its number in the transaction
  bool lost_statement_ = false;  // a prepared statement was; it is to be seen why
  std::int64_t most_ = 0;        // the most bytes of an answer; 0: no limit
};

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connect(const ConnectionOptions& options) try {
  ASSIGN_OR_RETURN(auto link, OpenLink(options));
  auto connection = std::make_unique<LibpqConnection>(std::move(link), options);
  RETURN_IF_ERROR(connection->Start(options.connect_timeout));
  return connection;
} catch (const std::exception& error) {
  return status::NotConnected(text::OneLine(error.what()));
}

}  // namespace protogres::db
