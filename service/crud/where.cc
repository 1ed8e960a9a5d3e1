// UpdateWhere and DeleteWhere: every row that a filter keeps, at most max_affected, of the request or of the server.
#include <utility>

#include "crud/listing.h"
#include "crud/masks.h"
#include "crud/methods.h"
#include "crud/operator_error.h"
#include "crud/row_error.h"
#include "crud/write_operation.h"
#include "fmt/format.h"
#include "status/macros.h"
#include "status/status.h"
#include "wire/writer.h"

namespace protogres::crud {
namespace {

using contract::MethodKind;

class WhereOperation : public WriteOperation {
 public:
  // With a limit (0: none) it needs a transaction, to take back what went too far. `row` is what it assigns.
  WhereOperation(const BoundTable& bound, const wire::Request& request, sql::Statement statement, sql::Row row)
      : WriteOperation(request, /*explicit_transaction=*/LimitOf(bound, request) > 0),
        bound_(bound),
        statement_(std::move(statement)),
        row_(std::move(row)),
        own_limit_(request.max_affected > 0),
        max_affected_(LimitOf(bound, request)) {}

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    RETURN_IF_ERROR(bound_.CheckPlan(session, statement_));
    const auto rows = session.Write(statement_.text, statement_.params);
    const contract::Table& table = bound_.table();
    if (!rows.ok()) return OfOperator(Locate(table, rows.status(), row_, table.row_field), statement_.text, table);
    if (max_affected_ > 0 && rows->affected() > max_affected_) {
      return status::Error(
          absl::StatusCode::kFailedPrecondition,
          fmt::format("the filter meets {} rows, more than max_affected = {}{}; nothing was changed", rows->affected(),
                      max_affected_,
                      own_limit_ ? "" : " of this server (--max_affected), unless the request gives one"),
          status::kMaxAffectedExceeded, {{"table", bound_.table().name}});
    }
    std::string response;
    if (rows->affected() > 0) {
      wire::AppendVarintField(contract::number::kAffected, static_cast<std::uint64_t>(rows->affected()), &response);
    }
    return response;
  }

 private:
  static std::int64_t LimitOf(const BoundTable& bound, const wire::Request& request) {
    return request.max_affected > 0 ? request.max_affected : bound.limits().max_affected;
  }

  const BoundTable& bound_;
  const sql::Statement statement_;
  const sql::Row row_;
  const bool own_limit_;
  const std::int64_t max_affected_;
};

class WhereMethod : public UnaryMethod {
 public:
  WhereMethod(const BoundTable& bound, const Names& names, MethodKind kind)
      : UnaryMethod(names), bound_(bound), kind_(kind) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    ASSIGN_OR_RETURN(const wire::Request& request, bound_.Decode(kind_, bytes));
    if (request.max_affected < 0) {
      return status::BadRequest(
          "max_affected",
          fmt::format("is {}; give a positive number, or 0 for the server's own limit", request.max_affected));
    }
    ASSIGN_OR_RETURN(sql::Statement condition, CompileFilter(bound_, request));
    if (condition.text.empty()) {
      return status::BadRequest("filter", "is required: which rows to change (for all, a filter that all meet)");
    }
    if (kind_ == MethodKind::kDeleteWhere) {
      return MakeOperation(request, sql::DeleteWhere(bound_.table(), std::move(condition)), /*row=*/{});
    }
    ASSIGN_OR_RETURN(sql::Row row, PlanRow(request));
    auto statement = sql::UpdateWhere(bound_.table(), row, std::move(condition));
    return MakeOperation(request, std::move(statement), std::move(row));
  }

 private:
  std::unique_ptr<Operation> MakeOperation(const wire::Request& request, sql::Statement statement, sql::Row row) const {
    return std::make_unique<WhereOperation>(bound_, request, std::move(statement), std::move(row));
  }

  // What an UpdateWhere assigns to each row.
  absl::StatusOr<sql::Row> PlanRow(const wire::Request& request) const {
    ASSIGN_OR_RETURN(const wire::RowInput row, bound_.RowOf(request));
    if (!row.etag.empty()) {
      return status::BadRequest(bound_.table().row_field + ".etag", "is of a single row: leave it unset");
    }
    return Updated(bound_.table(), row, request.mask, /*with_key=*/true);
  }

  const BoundTable& bound_;
  const MethodKind kind_;
};

}  // namespace

std::unique_ptr<Method> MakeUpdateWhere(const BoundTable& bound, const Method::Names& names) {
  return std::make_unique<WhereMethod>(bound, names, MethodKind::kUpdateWhere);
}
std::unique_ptr<Method> MakeDeleteWhere(const BoundTable& bound, const Method::Names& names) {
  return std::make_unique<WhereMethod>(bound, names, MethodKind::kDeleteWhere);
}

}  // namespace protogres::crud
