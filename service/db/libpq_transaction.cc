// How the transactions of a LibpqConnection begin and end, and how their statements run.
#include <string_view>
#include <utility>
#include <vector>

#include "db/libpq_connection.h"
#include "db/opening.h"
#include "status/macros.h"
#include "status/sqlstate.h"
#include "status/status.h"

namespace protogres::db {

absl::Status LibpqConnection::Begin(const Opening& opening) {
  if (in_transaction_) return status::Internal("BEGIN within a transaction");
  opening_ = opening;
  settings_ = StatementOf(opening.settings);
  RETURN_IF_ERROR(CheckParams(settings_.params));
  RETURN_IF_ERROR(statements_.Deallocate());
  if (!opening.pre_request.empty()) state_.Wrote();
  in_transaction_ = waits_ = true;
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

absl::Status LibpqConnection::TryWithBegin(const std::string& sql, std::span<const Param> params, bool writes,
                                           Result* result, bool* stale) {
  std::vector<PreparedStatements::Step> steps;
  steps.push_back({.sql = BeginText()});
  if (!settings_.params.empty()) steps.push_back({.sql = settings_.sql, .params = settings_.params, .reused = true});
  if (!opening_.pre_request.empty()) steps.push_back({.sql = CallOf(opening_.pre_request), .reused = true});
  const std::size_t statement = steps.size();
  steps.push_back({.sql = sql, .params = params, .reused = true});
  if (opening_.alone) steps.push_back({.sql = "COMMIT"});
  waits_ = false;
  const auto start = Clock::now();
  const absl::Status status = statements_.RunTogether(
      steps, opening_.alone, {.in_transaction = true, .writes = writes, .most_bytes = most_}, stale);
  std::size_t done = 0;
  for (; done < statement; ++done) {
    const ExecStatusType outcome = PQresultStatus(steps[done].result.get());
    if (outcome != PGRES_COMMAND_OK && outcome != PGRES_TUPLES_OK) break;
    RanStatement(steps[done].sql, steps[done].params, absl::OkStatus(), start, echo_);
  }
  if (!status.ok()) return done == 1 && !settings_.params.empty() ? SettingsError(status) : status;
  *result = std::move(steps[statement].result);
  if (!opening_.alone) return status;
  if (PQcmdStatus(steps.back().result.get()) != std::string_view("COMMIT")) {
    return status::AbortedTransaction("COMMIT of a transaction that an error has ended: it was rolled back");
  }
  in_transaction_ = false;
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
