#include "crud/insert_rows.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "crud/match.h"
#include "status/macros.h"
#include "status/sqlstate.h"
#include "status/status.h"

namespace protogres::crud {
namespace {

constexpr char kSavepoint[] = "SAVEPOINT protogres_batch";
constexpr char kUndo[] = "ROLLBACK TO SAVEPOINT protogres_batch";
constexpr char kRelease[] = "RELEASE SAVEPOINT protogres_batch";

// How many columns some row assigns.
std::size_t CountColumns(const contract::Table& table, std::span<const sql::Row> rows) {
  std::vector<bool> used(table.fields.size(), false);
  for (const auto& row : rows) {
    for (const auto& assignment : row) used[static_cast<std::size_t>(assignment.field)] = true;
  }
  return static_cast<std::size_t>(std::ranges::count(used, true));
}

// It may be that one of the rows is to blame.
bool IsOfARow(const absl::Status& error) {
  if (status::IsOfBegin(error)) return false;
  // PERMISSION_DENIED is what row-level security says of one.
  return error.code() == absl::StatusCode::kInvalidArgument || error.code() == absl::StatusCode::kAlreadyExists ||
         error.code() == absl::StatusCode::kFailedPrecondition || error.code() == absl::StatusCode::kPermissionDenied;
}

// The error as the caller is to see it. That of a BEGIN, which goes with the first statement, is of no row; and of a
// COMMIT in doubt nobody knows one.
absl::Status Located(const RowsTaker& taker, std::optional<std::size_t> index, const absl::Status& error) {
  return status::IsOfBegin(error) || status::InDoubt(error) ? error : taker.locate(index, error);
}

class Inserter {
 public:
  Inserter(const BoundTable& bound, std::span<const sql::Row> rows, Several several, db::Session& session,
           const RowsTaker& taker)
      : bound_(bound), rows_(rows), several_(several), session_(session), taker_(taker) {
    // Of a partitioned table's rows RETURNING does not know the etags after a savepoint. Those of a sharded table come
    // back in another order.
    const contract::Table& table = bound.table();
    const bool partitioned = table.relation == catalog::RelationKind::kPartitioned;
    if (table.sharded() || (partitioned && several == Several::kSavepoint)) several_ = Several::kEach;
  }

  absl::StatusOr<bool> Run() {
    const std::size_t columns = std::max<std::size_t>(1, CountColumns(bound_.table(), rows_));
    const std::size_t chunk = std::max<std::size_t>(1, sql::kMaxStatementParams / columns);
    for (std::size_t begin = 0; begin < rows_.size(); begin += chunk) {
      const std::size_t end = std::min(rows_.size(), begin + chunk);
      if (several_ == Several::kEach || end - begin == 1) {
        RETURN_IF_ERROR(InsertEach(begin, end));
      } else if (several_ == Several::kAtOnce) {
        ASSIGN_OR_RETURN(const bool told, InsertAtOnce(begin, end));
        if (!told) return false;
      } else {
        RETURN_IF_ERROR(InsertOrUndo(begin, end));
      }
    }
    return true;
  }

 private:
  std::vector<sql::Row> Chunk(std::size_t begin, std::size_t end) const {
    return {rows_.begin() + static_cast<std::ptrdiff_t>(begin), rows_.begin() + static_cast<std::ptrdiff_t>(end)};
  }

  absl::StatusOr<bool> InsertAtOnce(std::size_t begin, std::size_t end) const {
    const std::vector<sql::Row> chunk = Chunk(begin, end);
    const sql::Statement statement = sql::Insert(bound_.table(), chunk, bound_.whole().projection);
    const auto rows = session_.Write(statement.text, statement.params);
    if (!rows.ok() && !IsOfARow(rows.status())) return Located(taker_, std::nullopt, rows.status());
    if (!rows.ok() || !IsInOrder(bound_.table(), chunk, *rows)) return false;
    RETURN_IF_ERROR(TakeAll(begin, end, *rows));
    return true;
  }

  // The savepoint goes with the statement.
  absl::Status InsertOrUndo(std::size_t begin, std::size_t end) const {
    const std::vector<sql::Row> chunk = Chunk(begin, end);
    sql::Statement insert = sql::Insert(bound_.table(), chunk, bound_.whole().projection);
    const db::Statement statements[] = {
        {.sql = kSavepoint, .params = {}},
        {.sql = std::move(insert.text), .params = std::move(insert.params), .writes = true}};
    std::vector<db::Rows> results;
    const absl::Status status = session_.RunAll(statements, /*commit=*/false, &results);
    if (!status.ok() && (results.empty() || !IsOfARow(status))) return Located(taker_, std::nullopt, status);
    if (status.ok() && IsInOrder(bound_.table(), chunk, results.back())) {
      RETURN_IF_ERROR(TakeAll(begin, end, results.back()));
      return session_.Write(kRelease, {}).status();
    }
    for (const char* undo : {kUndo, kRelease}) {
      if (auto undone = session_.Write(undo, {}); !undone.ok()) {
        return Located(taker_, std::nullopt, status.ok() ? undone.status() : status);
      }
    }
    return InsertEach(begin, end);
  }

  absl::Status InsertEach(std::size_t begin, std::size_t end) const {
    for (std::size_t i = begin; i < end; ++i) {
      const sql::Statement statement = sql::Insert(bound_.table(), {rows_[i]}, bound_.whole().projection);
      auto rows = session_.Write(statement.text, statement.params);
      if (rows.ok()) rows = bound_.Stored(session_, *std::move(rows));
      if (!rows.ok()) return Located(taker_, i, rows.status());
      RETURN_IF_ERROR(taker_.take(i, *rows, rows->empty() ? -1 : 0));
    }
    return absl::OkStatus();
  }

  absl::Status TakeAll(std::size_t begin, std::size_t end, const db::Rows& rows) const {
    for (std::size_t i = begin; i < end; ++i) {
      RETURN_IF_ERROR(taker_.take(i, rows, static_cast<std::int64_t>(i - begin)));
    }
    return absl::OkStatus();
  }

  const BoundTable& bound_;
  const std::span<const sql::Row> rows_;
  Several several_;
  db::Session& session_;
  const RowsTaker& taker_;
};

}  // namespace

absl::Status InsertAndCommit(const BoundTable& bound, const sql::Row& row, std::span<const db::Statement> reads,
                             db::Session& session, const RowsTaker& taker, std::vector<db::Rows>* read) {
  sql::Statement insert = sql::Insert(bound.table(), {row}, bound.whole().projection);
  std::vector<db::Statement> statements;
  statements.push_back({.sql = std::move(insert.text), .params = std::move(insert.params), .writes = true});
  statements.insert(statements.end(), reads.begin(), reads.end());
  std::vector<db::Rows> results;
  const absl::Status status = session.RunAll(statements, /*commit=*/true, &results);
  if (!status.ok()) return results.empty() ? Located(taker, 0, status) : status;
  read->insert(read->end(), std::next(results.begin()), results.end());
  return taker.take(0, results.front(), results.front().empty() ? -1 : 0);
}

absl::StatusOr<bool> InsertRows(const BoundTable& bound, std::span<const sql::Row> rows, Several several,
                                db::Session& session, const RowsTaker& taker) {
  return Inserter(bound, rows, several, session, taker).Run();
}

}  // namespace protogres::crud
