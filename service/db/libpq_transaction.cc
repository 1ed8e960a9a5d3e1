// How the transactions of a LibpqConnection begin and end, and how their statements run.
#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "db/libpq_connection.h"
#include "db/opening.h"
#include "status/macros.h"
#include "status/sqlstate.h"
#include "status/status.h"

namespace protogres::db {
namespace {

bool Succeeded(const PreparedStatements::Step& step) {
  const ExecStatusType outcome = PQresultStatus(step.result.get());
  return outcome == PGRES_COMMAND_OK || outcome == PGRES_TUPLES_OK;
}

}  // namespace

absl::Status LibpqConnection::Begin(const Opening& opening) {
  if (in_transaction_) return status::Internal("BEGIN within a transaction");
  opening_ = opening;
  settings_ = StatementOf(opening.settings);
  RETURN_IF_ERROR(CheckParams(settings_.params));
  RETURN_IF_ERROR(statements_.Deallocate());
  // A statement that is alone in a read-only transaction calls a function, whose settings may outlive it.
  if (!opening.pre_request.empty() || (opening.alone && !opening.mode.empty())) state_.Wrote();
  in_transaction_ = waits_ = true;
  saved_ = false;
  statement_ = 0;
  if ((opening.deferred || opening.alone) && !pooled()) return Alive() ? absl::OkStatus() : NotBegun();
  absl::Status begun = SendBegin();
  if (!begun.ok()) Rollback().IgnoreError();
  statement_ = 0;
  return begun;
}

absl::Status LibpqConnection::Rollback() {
  if (!std::exchange(in_transaction_, false)) return absl::OkStatus();
  // Nothing was sent; or the server has said that nothing is open, since a COMMIT has failed.
  if (std::exchange(waits_, false) || PQtransactionStatus(link_->raw()) == PQTRANS_IDLE) return absl::OkStatus();
  RETURN_IF_ERROR(Text("ROLLBACK", false, Soon()));
  return std::exchange(lost_statement_, false) ? state_.LookForPooler(Soon()) : absl::OkStatus();
}

absl::Status LibpqConnection::Commit(bool in_doubt) {
  if (!in_transaction_) return status::Internal("COMMIT without a transaction");
  if (std::exchange(waits_, false)) {
    in_transaction_ = false;
    return absl::OkStatus();
  }
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
  const absl::Status status = Text("COMMIT", in_doubt);
  // An error at the commit, for example of a deferred constraint, has rolled the transaction back.
  in_transaction_ = false;
  return status;
}

std::string LibpqConnection::BeginText() const { return opening_.mode.empty() ? "BEGIN" : "BEGIN " + opening_.mode; }

absl::Status LibpqConnection::NotBegun() {
  in_transaction_ = waits_ = false;
  return exchange_.Lost(false, "it was lost before");
}

absl::Status LibpqConnection::SendBegin() {
  if (!std::exchange(waits_, false)) return absl::OkStatus();
  // All sessions that a pooler has may be taken for now.
  RETURN_IF_ERROR(pooled() ? Text(BeginText() + transaction_defaults_, false) : Text(BeginText(), false, Soon()));
  if (!settings_.params.empty()) RETURN_IF_ERROR(SettingsError(Unprepared(settings_.sql, settings_.params)));
  return opening_.pre_request.empty() ? absl::OkStatus() : Unprepared(CallOf(opening_.pre_request), {});
}

std::vector<PreparedStatements::Step> LibpqConnection::OpeningSteps() const {
  std::vector<Step> steps;
  if (!waits_) return steps;
  steps.push_back({.sql = BeginText()});
  if (!settings_.params.empty()) steps.push_back({.sql = settings_.sql, .params = settings_.params, .reused = true});
  if (!opening_.pre_request.empty()) steps.push_back({.sql = CallOf(opening_.pre_request), .reused = true});
  return steps;
}

bool LibpqConnection::AddSaving(bool commit, std::vector<Step>* steps) const {
  if (most_ == 0 || commit || waits_ || !OfOneRead()) return false;
  if (saved_) steps->push_back({.sql = "RELEASE SAVEPOINT protogres_read"});
  steps->push_back({.sql = "SAVEPOINT protogres_read"});
  return true;
}

absl::Status LibpqConnection::RunSteps(std::span<Step> steps, std::size_t opening, bool ends, bool writes,
                                       bool* stale) {
  waits_ = false;
  const auto start = Clock::now();
  absl::Status status =
      statements_.RunTogether(steps, ends, {.in_transaction = true, .writes = writes, .most_bytes = most_}, stale);
  for (std::size_t i = 0; i < opening && Succeeded(steps[i]); ++i) {
    RanStatement(steps[i].sql, steps[i].params, absl::OkStatus(), start, echo_);
  }
  const bool begun = std::ranges::all_of(steps.first(opening), Succeeded);
  if (!begun && !status.ok() && Alive()) {
    const bool at_settings = !settings_.params.empty() && Succeeded(steps[0]) && !Succeeded(steps[1]);
    return status::OfBegin(at_settings ? SettingsError(status) : status);
  }
  if (!status.ok() || !ends) return status;
  if (PQcmdStatus(steps.back().result.get()) != std::string_view("COMMIT")) {
    return status::AbortedTransaction("COMMIT of a transaction that an error has ended: it was rolled back");
  }
  in_transaction_ = false;
  return status;
}

absl::Status LibpqConnection::TryWithBegin(const std::string& sql, std::span<const Param> params, bool writes,
                                           Result* result, bool* stale) {
  std::vector<Step> steps = OpeningSteps();
  const std::size_t statement = steps.size();
  steps.push_back({.sql = sql, .params = params, .reused = true});
  // An answer that is too large is read again, which must not let a function write twice: then COMMIT comes after it.
  const bool ends = opening_.alone && (most_ == 0 || opening_.pre_request.empty());
  if (ends) steps.push_back({.sql = "COMMIT"});
  RETURN_IF_ERROR(RunSteps(steps, statement, ends, writes, stale));
  *result = std::move(steps[statement].result);
  return absl::OkStatus();
}

bool LibpqConnection::Together(std::span<const Statement> statements, bool commit) const {
  // What has come already is most likely the end of the connection: see Commit.
  if (!in_transaction_ || opening_.alone || pooled() || Aborted() || (commit && exchange_.Readable())) return false;
  // A parameter that cannot be sent is the error of its statement.
  return std::ranges::all_of(statements, [](const Statement& one) { return CheckParams(one.params).ok(); });
}

absl::Status LibpqConnection::ExecuteAll(std::span<const Statement> statements, bool commit, std::vector<Rows>* rows) {
  if (!Together(statements, commit)) return Connection::ExecuteAll(statements, commit, rows);
  for (bool again = false;; again = true) {
    const bool begins = waits_;
    bool stale = false;
    absl::Status status = TryAll(statements, commit, rows, &stale);
    if (!stale) return status;
    lost_statement_ = status::StatementLost(status);
    if (again || !begins) return status;
    rows->clear();
    RETURN_IF_ERROR(Recover());
    if (!Together(statements, commit)) return Connection::ExecuteAll(statements, commit, rows);
  }
}

absl::Status LibpqConnection::TryAll(std::span<const Statement> statements, bool commit, std::vector<Rows>* rows,
                                     bool* stale) {
  std::vector<Step> steps = OpeningSteps();
  const std::size_t begin = steps.size();
  const bool saves = AddSaving(commit, &steps);
  const std::size_t opening = steps.size();
  bool writes = false;
  for (const Statement& one : statements) {
    steps.push_back({.sql = one.sql, .params = one.params, .reused = true});
    writes = writes || one.writes;
  }
  if (writes) state_.Wrote();
  if (commit) steps.push_back({.sql = "COMMIT"});
  statement_ += static_cast<int>(statements.size());
  const auto start = Clock::now();
  // In a transaction of several trips something may have been written before.
  absl::Status status = RunSteps(steps, begin, commit, /*writes=*/true, stale);
  if (saves) saved_ = Succeeded(steps[opening - 1]);
  const bool counted = exchange_.TakeHold().bytes() > 0;
  for (std::size_t i = opening; i < steps.size(); ++i) {
    const bool succeeded = Succeeded(steps[i]);
    if (succeeded || steps[i].result != nullptr) {
      RanStatement(steps[i].sql, steps[i].params, succeeded ? absl::OkStatus() : status, start, echo_);
    }
    if (!succeeded) break;
    if (i - opening == statements.size()) break;  // COMMIT
    Memory::Hold hold;
    if (counted) Memory::OfProcess().Force(2 * PQresultMemorySize(steps[i].result.get()), &hold);
    rows->push_back(RowsOf(std::move(steps[i].result), std::move(hold)));
  }
  return status;
}

absl::Status LibpqConnection::Unprepared(const std::string& sql, std::span<const Param> params) {
  RETURN_IF_ERROR(CheckParams(params));
  return Timed(sql, params, [&] {
    const absl::Status sent = exchange_.SendParams(sql, params);
    return sent.ok() ? exchange_.Finish(false).status() : sent;
  });
}

absl::Status LibpqConnection::Try(const std::string& sql, std::span<const Param> params, bool writes, Result* result) {
  if (waits_ && pooled()) {
    // It was found after the transaction began. Only a BEGIN that goes first takes the session's defaults.
    RETURN_IF_ERROR(SendBegin());
    statement_ = 1;
  }
  const bool first = statement_ == 1;
  for (bool again = false;; again = true) {
    bool stale = false;
    const bool begins = waits_;
    absl::Status status =
        begins
            ? TryWithBegin(sql, params, writes, result, &stale)
            : statements_.Run(sql, params, {.in_transaction = in_transaction_, .writes = writes, .most_bytes = most_},
                              result, &stale);
    if (!stale) return status;
    const bool lost = status::StatementLost(status);
    lost_statement_ = lost;
    if (again || (in_transaction_ && !begins && !(lost && first))) return status;
    if (lost || begins) RETURN_IF_ERROR(Recover());
    // Behind a pooler a statement needs a transaction, which is its Session's to begin.
    if (!in_transaction_ && pooled()) return status;
  }
}

absl::Status LibpqConnection::Recover() {
  if (!in_transaction_) {
    lost_statement_ = false;
    return state_.LookForPooler(Soon());
  }
  RETURN_IF_ERROR(Rollback());
  RETURN_IF_ERROR(Begin(Opening(opening_)));
  statement_ = 1;
  return absl::OkStatus();
}

}  // namespace protogres::db
