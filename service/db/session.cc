#include "db/session.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "db/by_role.h"
#include "db/canceller.h"
#include "db/deadline.h"
#include "db/opening.h"
#include "status/macros.h"
#include "status/sqlstate.h"
#include "status/status.h"

namespace protogres::db {
namespace {

using SystemClock = std::chrono::system_clock;

// What a statement of Write has done. A CALL counts nothing, but may return a row.
std::int64_t Affected(const Rows& rows) { return std::max(rows.affected(), rows.size()); }

// Runs a statement, in the transaction that `begin` gives it where it needs one. One that has found a pooler was not
// executed, and runs again: the session that it meets may have another client's role. `open`: a transaction has it.
template <typename Begin, typename Run>
absl::Status RunOne(const Connection& connection, const Begin& begin, bool open, const Run& run) {
  for (bool again = false;; again = true) {
    RETURN_IF_ERROR(begin());
    const absl::Status status = run();
    if (again || open || !status::StatementLost(status) || !connection.pooled()) return status;
  }
}

}  // namespace

struct Cancellation::State {
  explicit State(SystemClock::time_point time)
      : deadline(time), nearly(time - Slack(time)), run(std::make_shared<CancellableRun>()) {}

  const SystemClock::time_point deadline;
  const SystemClock::time_point nearly;  // a cancel from here on has the deadline for its cause
  std::atomic<SystemClock::time_point> cancelled_at = SystemClock::time_point::max();
  const std::shared_ptr<CancellableRun> run;
};

Cancellation::Cancellation(SystemClock::time_point deadline) : state_(std::make_shared<State>(deadline)) {}

Cancellation::~Cancellation() = default;

void Cancellation::Cancel() {
  auto never = SystemClock::time_point::max();
  state_->cancelled_at.compare_exchange_strong(never, SystemClock::now());
  if (state_->run->Cancel()) Canceller::Get().Add(state_->run);
}

void Cancellation::GiveUp() {
  Cancel();
  state_->run->Shut();
}

bool Cancellation::cancelled() const { return state_->run->cancelled(); }

bool Cancellation::past_deadline() const {
  if (state_->deadline == SystemClock::time_point::max()) return false;
  const auto cancelled_at = state_->cancelled_at.load();
  if (cancelled_at != SystemClock::time_point::max()) return cancelled_at >= state_->nearly;
  return SystemClock::now() >= state_->deadline;
}

SystemClock::time_point Cancellation::deadline() const { return state_->deadline; }

absl::Status Cancellation::Check() const {
  if (past_deadline()) return status::Stopped(absl::OkStatus(), true);
  return cancelled() ? status::Stopped(absl::OkStatus(), false) : absl::OkStatus();
}

Session::Session(Lease lease, const Cancellation& cancellation, SessionOptions options)
    : lease_(std::move(lease)), cancellation_(cancellation), options_(std::move(options)) {
  if (!options_.settings) return;
  for (const Setting& setting : *options_.settings) {
    if (setting.name == "role") role_ = setting.value;
  }
}

// Lets the Cancellation reach what runs, until End is called or an exception ends the scope.
class Session::Running {
 public:
  explicit Running(Session& session) : session_(session), run_(*session.cancellation_.state_->run) {
    begun_ = run_.Begin(session.lease_.connection().stopper());
  }
  ~Running() { End(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  bool begun() const { return begun_; }
  void End() {
    if (!std::exchange(begun_, false)) return;
    const CancellableRun::Ended ended = run_.End();
    if (ended != CancellableRun::Ended::kUntouched) session_.cancel_sent_ = true;
    if (ended == CancellableRun::Ended::kUncertain) session_.lease_.Discard();
  }

 private:
  Session& session_;
  CancellableRun& run_;
  bool begun_ = false;
};

template <typename Work>
absl::Status Session::Cancellable(const Work& work) {
  RETURN_IF_ERROR(cancellation_.Check());
  Connection& connection = lease_.connection();
  Running running(*this);
  // It was cancelled after the check.
  if (!running.begun()) return cancellation_.Check();
  absl::Status status = work(connection);
  running.End();
  if (connection.Alive()) lease_.Answered();
  if (status.ok()) return status;
  if (options_.read_only && status::ReasonOf(status) == status::kReadOnlyServer)
    return status::ReadOnlyTransaction(status);
  // If the connection still lives, the error says nothing about the others: a primary has become read-only, or a
  // foreign server was lost.
  if (!connection.Alive() || status::ConnectionLost(status)) Drop();
  const bool stopped = status::QueryCancelled(status) || status::ReasonOf(status) == status::kConnectionLost;
  if (stopped && cancellation_.cancelled()) {
    return status::Stopped(status, cancellation_.past_deadline());
  }
  return status;
}

void Session::Drop() {
  // Behind a pooler the others most likely go on: it gives each transaction the session that is free.
  if (lease_.connection().Alive() || lease_.connection().GivenUp() || lease_.connection().pooled()) {
    lease_.Discard();
  } else {
    lease_.Lost();
  }
}

absl::StatusOr<std::unique_ptr<Session>> Session::Open(Pool& pool, const Cancellation& cancellation,
                                                       const SessionOptions& options) {
  RETURN_IF_ERROR(cancellation.Check());
  ASSIGN_OR_RETURN(Lease lease, pool.Acquire(Steady(cancellation.deadline())));
  std::unique_ptr<Session> session(new Session(std::move(lease), cancellation, options));
  // Behind a pooler only a transaction has the session's defaults.
  if (options.transaction == Transaction::kExplicit || session->lease_.connection().pooled()) {
    RETURN_IF_ERROR(session->Cancellable(
        [&](Connection& connection) { return connection.Begin(OpeningOf(options, /*alone=*/false)); }));
    session->open_ = true;
  } else {
    session->alone_ = options.settings != nullptr || !options.pre_request.empty();
  }
  return session;
}

Session::~Session() {
  GiveUp();
  if (open_) Rollback().IgnoreError();
  // A cancel has reached the server before the last statement of the session returned. It may still hit one statement,
  // which shall be a ping.
  if (!cancel_sent_ || !lease_.connection().Alive()) return;
  absl::Status proof = lease_.connection().Ping();
  if (status::QueryCancelled(proof)) proof = lease_.connection().Ping();
  if (!proof.ok()) Drop();
}

absl::StatusOr<Rows> Session::Read(const std::string& sql, std::span<const Param> params) {
  return Run(sql, params, false);
}

absl::StatusOr<Rows> Session::Write(const std::string& sql, std::span<const Param> params) {
  return Run(sql, params, true);
}

absl::Status Session::BeginFor(Connection& connection, bool alone) {
  if (open_ || !(alone_ || connection.pooled())) return absl::OkStatus();
  RETURN_IF_ERROR(connection.Begin(OpeningOf(options_, alone)));
  open_ = !alone;
  alone_ = alone;
  return absl::OkStatus();
}

absl::StatusOr<Rows> Session::Run(const std::string& sql, std::span<const Param> params, bool writes) {
  if (IsByRole(sql, role_)) return Run(OfRole(sql, role_), params, writes);
  Rows rows;
  const auto run = [&](Connection& connection) {
    if (writes && !open_ && connection.commits_elsewhere()) alone_ = true;
    wrote_ = wrote_ || writes;
    const auto begin = [&] { return BeginFor(connection, /*alone=*/true); };
    RETURN_IF_ERROR(RunOne(connection, begin, open_, [&] {
      ASSIGN_OR_RETURN(rows, connection.Execute(sql, params, writes));
      return absl::OkStatus();
    }));
    if (writes) affected_ += Affected(rows);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(Cancellable(run));
  return rows;
}

absl::Status Session::RunAll(std::span<const Statement> statements, bool commit, std::vector<Rows>* rows) {
  const std::vector<Statement> own = AllOfRole(statements, role_);
  if (!own.empty()) statements = own;
  wrote_ = wrote_ || std::ranges::any_of(statements, &Statement::writes);
  absl::Status status =
      Cancellable([&](Connection& connection) { return connection.ExecuteAll(statements, commit, rows); });
  for (std::size_t i = 0; i < rows->size(); ++i) {
    if (statements[i].writes) affected_ += Affected((*rows)[i]);
  }
  if (commit && status.ok()) open_ = false;
  return commit ? OfCommit(status) : status;
}

absl::StatusOr<bool> Session::ReadAll(std::span<const Statement> statements, bool last, std::int64_t most_bytes,
                                      std::vector<Rows>* rows) {
  const bool commit = last && open_ && options_.ends_with_reads;
  bool whole = false;
  const std::vector<Statement> own = AllOfRole(statements, role_);
  if (!own.empty()) statements = own;
  const absl::Status status = Cancellable([&](Connection& connection) {
    ASSIGN_OR_RETURN(whole, connection.ExecuteAllWithin(statements, commit, most_bytes, rows));
    return absl::OkStatus();
  });
  if (commit && status.ok()) open_ = false;
  return status.ok() ? absl::StatusOr<bool>(whole) : OfCommit(status);
}

absl::Status Session::Restart() {
  RETURN_IF_ERROR(Rollback());
  has_savepoint_ = false;
  RETURN_IF_ERROR(
      Cancellable([this](Connection& connection) { return connection.Begin(OpeningOf(options_, /*alone=*/false)); }));
  open_ = true;
  return absl::OkStatus();
}

absl::Status Session::Savepoint(const std::string& name) {
  has_savepoint_ = true;
  return Write("SAVEPOINT " + name, {}).status();
}

absl::StatusOr<Rows> Session::ReadSome(const std::string& sql, std::span<const Param> params, std::int64_t most_bytes) {
  if (IsByRole(sql, role_)) return ReadSome(OfRole(sql, role_), params, most_bytes);
  Rows rows;
  RETURN_IF_ERROR(Cancellable([&](Connection& connection) {
    const auto begin = [&] { return BeginFor(connection, /*alone=*/true); };
    return RunOne(connection, begin, open_, [&] {
      ASSIGN_OR_RETURN(rows, connection.ExecuteSome(sql, params, most_bytes));
      return absl::OkStatus();
    });
  }));
  return rows;
}

template <typename Work>
absl::Status Session::Bulk(const Work& work) {
  bulk_ = true;
  return Cancellable(work);
}

void Session::GiveUp() {
  if (!std::exchange(bulk_, false)) return;
  if (!lease_.connection().Abandon().ok()) Drop();
  cancel_sent_ = true;
}

absl::Status Session::Unlimited() {
  if (!lease_.connection().limits_statements()) return absl::OkStatus();
  return Cancellable([this](Connection& connection) {
    if (!open_) alone_ = true;
    RETURN_IF_ERROR(BeginFor(connection, /*alone=*/false));
    return connection.Execute("SET LOCAL statement_timeout TO 0", {}, false).status();
  });
}

absl::Status Session::OpenRows(const std::string& sql, std::span<const Param> params, bool writes) {
  RETURN_IF_ERROR(Unlimited());
  wrote_ = wrote_ || writes;
  return Bulk([&](Connection& connection) {
    const absl::Status begun = BeginFor(connection, /*alone=*/false);
    return begun.ok() ? connection.OpenRows(OfRole(sql, role_), params) : begun;
  });
}

absl::StatusOr<bool> Session::FetchRows(TakeRow take) {
  bool more = false;
  RETURN_IF_ERROR(Bulk([&](Connection& connection) {
    ASSIGN_OR_RETURN(more, connection.FetchRows(take));
    return absl::OkStatus();
  }));
  bulk_ = more;
  return more;
}

absl::Status Session::OpenCopy(const std::string& sql) {
  RETURN_IF_ERROR(Unlimited());
  wrote_ = true;
  return Bulk([&](Connection& connection) {
    const absl::Status begun = BeginFor(connection, /*alone=*/false);
    return begun.ok() ? connection.OpenCopy(sql) : begun;
  });
}

absl::Status Session::PutCopy(std::string_view lines) {
  return Bulk([&](Connection& connection) { return connection.PutCopy(lines); });
}

absl::StatusOr<std::int64_t> Session::CloseCopy() {
  std::int64_t rows = 0;
  RETURN_IF_ERROR(Bulk([&](Connection& connection) {
    ASSIGN_OR_RETURN(rows, connection.CloseCopy());
    return absl::OkStatus();
  }));
  bulk_ = false;
  return rows;
}

absl::Status Session::Commit() {
  if (!open_) return absl::OkStatus();
  absl::Status status = cancellation_.Check();
  if (!status.ok()) {
    Rollback().IgnoreError();
    return status;
  }
  open_ = false;
  return OfCommit(Cancellable([](Connection& connection) { return connection.Commit(); }));
}

absl::Status Session::OfCommit(const absl::Status& status) const {
  const bool writes = (wrote_ && !options_.read_only) || !options_.pre_request.empty();
  return writes || !status::InDoubt(status) ? status : status::LostConnection("");
}

absl::Status Session::Rollback() {
  GiveUp();
  if (!open_) return absl::OkStatus();
  open_ = false;
  affected_ = 0;
  const absl::Status status = lease_.connection().Rollback();
  if (!status.ok()) Drop();
  return status;
}

}  // namespace protogres::db
