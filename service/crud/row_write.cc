#include "crud/row_write.h"

#include <utility>

#include "crud/batch.h"
#include "crud/row_error.h"
#include "status/macros.h"

namespace protogres::crud {
namespace {

using contract::MethodKind;

// Why `write` met no row.
absl::Status MissedBy(const BoundTable& bound, const RowWrite& write, db::Session& session) {
  return write.kind == MethodKind::kUndelete ? MissedDeleted(bound.table(), write.key, write.etag, session)
                                             : Missed(bound.table(), write.key, write.etag, session);
}

// What an INSERT of `row` has returned, as it is to be answered.
absl::StatusOr<db::Rows> InsertedRow(const BoundTable& bound, const sql::Row& row, absl::StatusOr<db::Rows> rows,
                                     db::Session& session) {
  if (!rows.ok()) return Locate(bound.table(), rows.status(), row, bound.table().row_field);
  return bound.Stored(session, *std::move(rows));
}

// What the statement of `write`, which is no Create, has returned, as it is to be answered.
absl::StatusOr<db::Rows> WrittenRow(const BoundTable& bound, const RowWrite& write, absl::StatusOr<db::Rows> rows,
                                    db::Session& session) {
  if (!rows.ok()) {
    const contract::Table& table = bound.table();
    return write.row.empty() ? rows.status() : Locate(table, rows.status(), write.row, table.row_field);
  }
  const bool met = AnswersARow(bound, write.kind) ? !rows->empty() : rows->affected() > 0;
  // What a hard Delete returns is no row.
  if (met && !AnswersARow(bound, write.kind)) return db::Rows();
  if (met) return bound.Stored(session, *std::move(rows));
  const absl::Status missed = MissedBy(bound, write, session);
  if (write.allow_missing && absl::IsNotFound(missed)) return *std::move(rows);
  return missed;
}

absl::StatusOr<std::string> Encoded(const BoundTable& bound, const absl::StatusOr<db::Rows>& rows) {
  RETURN_IF_ERROR(rows.status());
  std::string response;
  if (!rows->empty()) RETURN_IF_ERROR(bound.Encode(bound.whole(), *rows, 0, &response));
  return response;
}

}  // namespace

bool AnswersARow(const BoundTable& bound, MethodKind kind) {
  return kind != MethodKind::kDelete || bound.table().soft_delete.has_value();
}

absl::StatusOr<db::Rows> WriteRow(const BoundTable& bound, const RowWrite& write, db::Session& session) {
  if (write.kind == MethodKind::kCreate) {
    const sql::Statement statement = sql::Insert(bound.table(), {write.row}, bound.whole().projection);
    return InsertedRow(bound, write.row, session.Write(statement.text, statement.params), session);
  }
  return WrittenRow(bound, write, session.Write(write.statement.text, write.statement.params), session);
}

absl::StatusOr<std::string> AnswerRow(const BoundTable& bound, const RowWrite& write, db::Session& session) {
  return Encoded(bound, WriteRow(bound, write, session));
}

db::Statement StatementOf(const BoundTable& bound, const RowWrite& write) {
  sql::Statement statement = write.kind == MethodKind::kCreate
                                 ? sql::Insert(bound.table(), {write.row}, bound.whole().projection)
                                 : write.statement;
  return {.sql = std::move(statement.text), .params = std::move(statement.params), .writes = true};
}

absl::StatusOr<std::string> AnswerOf(const BoundTable& bound, const RowWrite& write, absl::StatusOr<db::Rows> rows,
                                     db::Session& session) {
  return Encoded(bound, write.kind == MethodKind::kCreate ? InsertedRow(bound, write.row, std::move(rows), session)
                                                          : WrittenRow(bound, write, std::move(rows), session));
}

absl::StatusOr<RowWrite> PlanElement(const BoundTable& bound, MethodKind kind, RowPlanner plan,
                                     std::string_view bytes) {
  ASSIGN_OR_RETURN(const wire::Request& element, bound.Decode(kind, bytes));
  if (element.validate_only) return OnlyOfBatch("validate_only");
  if (!element.request_id.empty()) return OnlyOfBatch("request_id");
  return plan(bound, element);
}

}  // namespace protogres::crud
