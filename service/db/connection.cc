#include "db/connection.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <random>
#include <utility>
#include <vector>

#include "db/bulk.h"
#include "db/canceller.h"
#include "db/conninfo.h"
#include "db/echo.h"
#include "db/exchange.h"
#include "db/link.h"
#include "db/refusal.h"
#include "db/result.h"
#include "db/session_state.h"
#include "db/statement_cache.h"
#include "db/stopper.h"
#include "db/wide.h"
#include "fmt/format.h"
#include "status/sqlstate.h"
#include "status/status.h"
#include "text/excerpt.h"

namespace protogres::db {
namespace {

using Clock = Exchange::Clock;

// Statements that are not wanted any more cost a round trip each: so many are deallocated at a time.
constexpr int kMostDeallocated = 4;

// 64 random bits, from the system's source.
std::string RandomPrefix() {
  std::random_device random;
  return fmt::format("p{:08x}{:08x}", random(), random());
}

class LibpqConnection : public Connection {
 public:
  // Opens it; throws where that fails.
  LibpqConnection(const std::string& conninfo, const ConnectionOptions& options)
      : link_(conninfo),
        stopper_(std::make_shared<SocketStopper>(link_.raw(), options.cancel_timeout)),
        statements_(static_cast<std::size_t>(std::max(0, options.statement_cache_size)), RandomPrefix()) {
    PQsetNoticeProcessor(
        link_.raw(), [](void*, const char*) {}, nullptr);
    echo_ = options.echo;
  }

  // The first statement.
  absl::Status Start(std::chrono::seconds timeout) { return state_.Start(Clock::now() + timeout); }

  absl::StatusOr<Rows> Execute(const std::string& sql, std::span<const Param> params, bool writes) override {
    if (absl::Status good = CheckParams(params); !good.ok()) return good;
    if (writes) state_.Wrote();
    Result result;
    const absl::Status status = Timed(sql, params, [&] { return Try(sql, params, writes, &result); });
    if (!status.ok()) return status;
    return Whole(std::move(result));
  }

  absl::StatusOr<Rows> ExecuteSome(const std::string& sql, std::span<const Param> params,
                                   std::int64_t most_bytes) override {
    if (absl::Status good = CheckParams(params); !good.ok()) return good;
    Rows rows;
    const absl::Status status = Timed(sql, params, [&] {
      absl::StatusOr<Rows> some = Some(sql, params, most_bytes);
      if (!some.ok()) return some.status();
      rows = *std::move(some);
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return rows;
  }

  absl::Status OpenRows(const std::string& sql, std::span<const Param> params) override {
    if (absl::Status good = CheckParams(params); !good.ok()) return good;
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
    // What is given up may be waiting for a lock.
    return Cancelled([&] { return bulk_.Abandon(); });
  }

  absl::Status Begin(const std::string& mode) override {
    if (in_transaction_) return status::Internal("BEGIN within a transaction");
    if (absl::Status status = Deallocate(); !status.ok()) return status;
    const absl::Status status = Text(mode.empty() ? "BEGIN" : "BEGIN " + mode, false, Soon());
    in_transaction_ = status.ok();
    return status;
  }

  absl::Status Commit() override {
    if (!in_transaction_) return status::Internal("COMMIT without a transaction");
    if (Aborted()) {
      // The server would answer it with ROLLBACK, and no error.
      const absl::Status rolled_back = Rollback();
      if (!rolled_back.ok()) return rolled_back;
      return status::AbortedTransaction("COMMIT of a transaction that an error has ended: it was rolled back");
    }
    // What the server has said already is most likely its farewell: then nothing is in doubt.
    if (exchange_.Readable()) {
      if (absl::Status alive = Text("SELECT 1", false, Soon()); !alive.ok()) {
        in_transaction_ = false;
        return alive;
      }
    }
    const absl::Status status = Text("COMMIT", true);
    // An error at the commit, as of a deferred constraint, has rolled it back.
    in_transaction_ = false;
    return status;
  }

  absl::Status Rollback() override {
    if (!in_transaction_) return absl::OkStatus();
    in_transaction_ = false;
    return Text("ROLLBACK", false, Soon());
  }

  absl::Status Ping() override {
    if (in_transaction_) return status::Internal("a ping within a transaction");
    return state_.Ping(Soon());
  }

  absl::Status Reset(bool discard) override { return discard ? state_.Discard(Soon()) : state_.Check(Soon()); }

  bool Idle() override {
    // An idle session gets nothing but its end (or a changed setting, after which a new one is as good).
    return Alive() && PQtransactionStatus(link_.raw()) == PQTRANS_IDLE && !exchange_.Readable() && !exchange_.swollen();
  }

  bool Alive() const override { return exchange_.Alive(); }
  bool GivenUp() const override { return !exchange_.exhausted().ok(); }
  bool Aborted() const override { return PQtransactionStatus(link_.raw()) == PQTRANS_INERROR; }

  void Forget() override {
    std::vector<std::string> names = statements_.EraseAll();
    unwanted_.insert(unwanted_.end(), names.begin(), names.end());
  }

  const std::shared_ptr<Stopper>& stopper() const override { return shared_stopper_; }

  absl::StatusOr<bool> AwaitNotification(std::chrono::milliseconds timeout) override {
    const auto until = Clock::now() + std::max(timeout, std::chrono::milliseconds(0));
    for (;;) {
      if (!Alive()) return exchange_.Lost(false, "the server has closed it");
      const bool notified = exchange_.TakeNotified();
      exchange_.Forget();  // nothing of it is kept
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

  // Does `work`, which reads what is left of a statement, while the server is asked to cancel that.
  template <typename Work>
  absl::Status Cancelled(const Work& work) {
    const auto run = std::make_shared<CancellableRun>();
    run->Begin(stopper());
    if (run->Cancel()) Canceller::Get().Add(run);
    const absl::Status status = work();
    if (run->End() != CancellableRun::Ended::kUncertain) return status;
    return exchange_.Lost(false, "a cancel is still on its way");
  }

  // A part of what OpenRows or OpenCopy begins. An error is its end.
  template <typename Work>
  auto InBulk(const Work& work) -> decltype(work()) {
    auto done = work();
    if (!StatusOf(done).ok()) bulk_.Break();
    return done;
  }

  template <typename Work>
  absl::Status Timed(const std::string& sql, std::span<const Param> params, const Work& work) {
    if (echo_ == Echo::kOff) return work();
    const auto start = Clock::now();
    absl::Status status = work();
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
    spdlog::info("{}", EchoLine(sql, params, status, took, echo_));
    return status;
  }

  // When a statement must be answered in which the server has nothing to wait for.
  Clock::time_point Soon() const { return Clock::now() + stopper_->patience(); }

  absl::Status Text(const std::string& sql, bool in_doubt, Clock::time_point until = Exchange::kNever) {
    return Timed(sql, {}, [&] {
      const absl::Status sent = exchange_.SendText(sql);
      return sent.ok() ? exchange_.Finish(in_doubt, until).status() : sent;
    });
  }

  // Twice where a prepared statement proved to be stale outside a transaction:
  // then nothing was executed and nothing is lost.
  absl::Status Try(const std::string& sql, std::span<const Param> params, bool writes, Result* result) {
    for (bool again = false;; again = true) {
      const std::string* name = nullptr;
      absl::Status status = Prepare(sql, &name);
      if (status.ok()) status = Run(sql, name, params, writes && !in_transaction_, result);
      if (status.ok()) return status;
      const std::string reason = status::ReasonOf(status);
      const bool stale = name != nullptr && (reason == status::kStatementLost || status::CatalogMoved(status));
      if (!stale) return status;
      if (auto gone = statements_.Erase(sql)) unwanted_.push_back(*std::move(gone));
      if (again || in_transaction_) return status;
    }
  }

  // The one round trip of a statement that is prepared as `name`, or is not where that is null.
  absl::Status Run(const std::string& sql, const std::string* name, std::span<const Param> params, bool in_doubt,
                   Result* result) {
    absl::Status sent = name != nullptr ? exchange_.SendPrepared(*name, params) : exchange_.SendParams(sql, params);
    if (!sent.ok()) return sent;
    exchange_.LimitAnswer(most_);
    auto answer = exchange_.Finish(in_doubt);
    if (!answer.ok()) return answer.status();
    *result = *std::move(answer);
    return absl::OkStatus();
  }

  // What was counted while it came was a guess.
  Rows Whole(Result result) {
    Memory::Hold hold = exchange_.TakeHold();
    if (hold.bytes() > 0) Memory::OfProcess().Force(2 * PQresultMemorySize(result.get()), &hold);
    return RowsOf(std::move(result), std::move(hold));
  }

  // Whole where it is small, which is fastest; else again, row by row. In a transaction it is read so at once, as a
  // cancel would end that.
  absl::StatusOr<Rows> Some(const std::string& sql, std::span<const Param> params, std::int64_t most_bytes) {
    if (in_transaction_ || Wide::OfProcess().Contains(sql)) return RowByRow(sql, params, most_bytes);
    Result result;
    most_ = most_bytes;
    const absl::Status status = Try(sql, params, false, &result);
    most_ = 0;
    if (status.ok()) return Whole(std::move(result));
    // Also where there was no memory for it: row by row there may be next time.
    if (exchange_.overflown() || !exchange_.exhausted().ok()) Wide::OfProcess().Add(sql);
    if (!exchange_.overflown()) return status;
    if (absl::Status over = Stop(); !over.ok()) return over;
    return RowByRow(sql, params, most_bytes);
  }

  absl::StatusOr<Rows> RowByRow(const std::string& sql, std::span<const Param> params, std::int64_t most_bytes) {
    if (absl::Status sent = exchange_.SendParams(sql, params); !sent.ok()) return sent;
    PQsetSingleRowMode(link_.raw());
    std::vector<Result> rows;
    Memory::Hold hold;
    std::int64_t bytes = 0;
    bool cut = false;
    for (Result result; !cut && exchange_.Next(Exchange::kNever, &result) && result != nullptr; exchange_.Forget()) {
      if (IsError(result.get())) return exchange_.StatusOf(exchange_.Drain(std::move(result)).get(), false);
      if (PQntuples(result.get()) == 0) continue;
      bytes += static_cast<std::int64_t>(PQresultMemorySize(result.get()));
      // For itself, and for what is made of it.
      auto held = Memory::OfProcess().Resize(static_cast<std::size_t>(2 * bytes), &hold);
      if (!held.ok() && rows.empty()) {
        const absl::Status over = Stop();
        return over.ok() ? held : over;
      }
      // Whether there is another one is not known, but it would have to be read whole.
      cut = !held.ok() || bytes >= most_bytes;
      if (held.ok()) rows.push_back(std::move(result));
    }
    if (!Alive()) return exchange_.StatusOf(nullptr, false);
    if (cut) {
      // The rows are there, whatever becomes of the connection, but a transaction needs it.
      if (absl::Status over = Stop(); !over.ok() && in_transaction_) return over;
    }
    return RowsOf(std::move(rows), std::move(hold), cut);
  }

  // What is still to come of a statement is dropped: outside a transaction it is cancelled.
  absl::Status Stop() {
    exchange_.LimitAnswer(0);
    const auto drop = [this] {
      for (Result rest; exchange_.Next(Exchange::kNever, &rest) && rest != nullptr;) exchange_.Forget();
      return Alive() ? absl::OkStatus() : exchange_.StatusOf(nullptr, false);
    };
    if (in_transaction_) return drop();
    if (absl::Status dropped = Cancelled(drop); !dropped.ok()) return dropped;
    // A cancel that came late hits a statement that does nothing.
    absl::Status proof = Text("SELECT 1", false, Soon());
    if (status::QueryCancelled(proof)) proof = Text("SELECT 1", false, Soon());
    return proof;
  }

  // Gives the name that `sql` is prepared under, null where it is not to be.
  absl::Status Prepare(const std::string& sql, const std::string** name) {
    *name = statements_.Find(sql);
    if (*name != nullptr) return absl::OkStatus();
    if (absl::Status status = Deallocate(); !status.ok()) return status;
    if (!statements_.Note(sql)) return absl::OkStatus();
    const std::string fresh = statements_.NewName();
    absl::Status status = exchange_.SendPrepare(fresh, sql);
    if (status.ok()) status = exchange_.Finish(false).status();
    if (!status.ok()) return status;
    if (auto gone = statements_.Add(sql, fresh)) unwanted_.push_back(*std::move(gone));
    status = Deallocate();
    *name = statements_.Find(sql);
    return status;
  }

  // Outside transactions only, since an error would end them.
  absl::Status Deallocate() {
    for (int i = 0; i < kMostDeallocated && !unwanted_.empty() && !in_transaction_; ++i) {
      const std::string name = std::move(unwanted_.back());
      unwanted_.pop_back();
      absl::Status status = exchange_.SendText("DEALLOCATE \"" + name + "\"");
      if (status.ok()) status = exchange_.Finish(false, Soon()).status();
      // Gone from the server already: all that was wanted.
      if (!status.ok() && status::ReasonOf(status) != status::kStatementLost) return status;
    }
    return absl::OkStatus();
  }

  Link link_;
  const std::shared_ptr<SocketStopper> stopper_;
  const std::shared_ptr<Stopper> shared_stopper_ = stopper_;
  Exchange exchange_{link_.raw(), *stopper_};
  SessionState state_{exchange_};
  Bulk bulk_{link_.raw(), exchange_};
  StatementCache statements_;
  std::vector<std::string> unwanted_;  // prepared, to be deallocated
  Echo echo_ = Echo::kOff;
  bool in_transaction_ = false;
  std::int64_t most_ = 0;  // bytes of an answer; 0: no limit
};

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connect(const ConnectionOptions& options) {
  const absl::StatusOr<std::string> conninfo = Conninfo(options);
  if (!conninfo.ok()) return conninfo.status();
  // A second time where the server refuses, but not when it is asked why.
  std::string text;
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      auto connection = std::make_unique<LibpqConnection>(*conninfo, options);
      if (absl::Status started = connection->Start(options.connect_timeout); !started.ok()) return started;
      return connection;
    } catch (const std::exception& error) {
      text = error.what();
    }
    absl::Status status = WhyRefused(*conninfo, text, options.connect_timeout);
    if (!status.ok()) return status;
  }
  return status::NotConnected(text::OneLine(text));
}

}  // namespace protogres::db
