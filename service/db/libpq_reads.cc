// Answers of a LibpqConnection that may be too large to be held.
#include <utility>
#include <vector>

#include "db/libpq_connection.h"
#include "db/wide.h"
#include "status/macros.h"
#include "status/sqlstate.h"

namespace protogres::db {

Rows LibpqConnection::Whole(Result result) {
  Memory::Hold hold = exchange_.TakeHold();
  if (hold.bytes() > 0) Memory::OfProcess().Force(2 * PQresultMemorySize(result.get()), &hold);
  return RowsOf(std::move(result), std::move(hold));
}

absl::StatusOr<Rows> LibpqConnection::Some(const std::string& sql, std::span<const Param> params,
                                           std::int64_t most_bytes) {
  const bool alone = waits_ && opening_.alone;
  if ((in_transaction_ && !alone) || Wide::OfProcess().Contains(sql)) return RowByRow(sql, params, most_bytes);
  Result result;
  most_ = most_bytes;
  const absl::Status status = Try(sql, params, false, &result);
  most_ = 0;
  if (status.ok()) return Whole(std::move(result));
  // The statement is noted also if there was no memory for the answer: row by row there may be enough next time.
  if (exchange_.overflown() || !exchange_.exhausted().ok()) Wide::OfProcess().Add(sql);
  if (!exchange_.overflown()) return status;
  in_transaction_ = false;
  RETURN_IF_ERROR(Cancel(alone ? "ROLLBACK" : "SELECT 1"));
  in_transaction_ = waits_ = alone;
  return RowByRow(sql, params, most_bytes);
}

absl::StatusOr<bool> LibpqConnection::ExecuteAllWithin(std::span<const Statement> statements, bool commit,
                                                       std::int64_t most_bytes, std::vector<Rows>* rows) {
  const std::size_t before = rows->size();
  const bool begins = waits_;
  most_ = most_bytes;
  const absl::Status status = ExecuteAll(statements, commit, rows);
  most_ = 0;
  if (status.ok()) return true;
  if (!exchange_.overflown() || !Alive()) return status;
  rows->resize(before);
  if (commit || (begins && OfOneRead())) {
    // Nothing follows, or nothing was done before.
    in_transaction_ = false;
    RETURN_IF_ERROR(Cancel("ROLLBACK"));
    if (!commit) RETURN_IF_ERROR(Begin(Opening(opening_)));
    return false;
  }
  if (saved_) {
    RETURN_IF_ERROR(Cancel("ROLLBACK TO SAVEPOINT protogres_read"));
    return false;
  }
  Result failed;
  exchange_.Drop(&failed);
  // A later statement has ended the transaction, or the connection is lost.
  if (failed != nullptr || !Alive()) return exchange_.StatusOf(failed.get(), false);
  return false;
}

absl::StatusOr<Rows> LibpqConnection::RowByRow(const std::string& sql, std::span<const Param> params,
                                               std::int64_t most_bytes) {
  RETURN_IF_ERROR(SendBegin());
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

absl::Status LibpqConnection::Stop() { return in_transaction_ ? Drop() : Cancel("SELECT 1"); }

absl::Status LibpqConnection::Drop() {
  exchange_.Drop();
  return Alive() ? absl::OkStatus() : exchange_.StatusOf(nullptr, false);
}

absl::Status LibpqConnection::Cancel(const std::string& next) {
  RETURN_IF_ERROR(Cancelled([this] { return Drop(); }));
  absl::Status proof = Text(next, false, Soon());
  if (status::QueryCancelled(proof)) proof = Text(next, false, Soon());
  return proof;
}

}  // namespace protogres::db
