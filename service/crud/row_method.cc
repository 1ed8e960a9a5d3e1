#include "crud/row_method.h"

#include <span>
#include <utility>
#include <vector>

#include "crud/at_once.h"
#include "crud/batch.h"
#include "crud/group.h"
#include "crud/nested_write.h"
#include "crud/write_operation.h"
#include "status/macros.h"
#include "status/status.h"

namespace protogres::crud {
namespace {

using contract::MethodKind;

class RowOperation : public WriteOperation {
 public:
  RowOperation(const BoundTable& bound, const wire::Request& request, RowWrite write)
      : WriteOperation(request,
                       AnswersARow(bound, write.kind) && bound.EncodesBeforeCommit() && bound.check_of_fit().empty()),
        bound_(bound),
        write_(std::move(write)) {}

  std::optional<db::Statement> Statement() const override {
    // Whether a row that is missing is an error is found by a second statement, which must run before later operations.
    if (write_.allow_missing && write_.etag.has_value()) return std::nullopt;
    return StatementOf(bound_, write_);
  }
  absl::StatusOr<std::string> Answer(absl::StatusOr<db::Rows> rows, db::Session& session) override {
    return AnswerOf(bound_, write_, std::move(rows), session);
  }
  std::optional<Checked> CheckedStatement() const override {
    auto statement = Statement();
    return statement ? CheckedStatementOf(bound_, write_, *std::move(statement)) : std::nullopt;
  }
  std::optional<db::Statement> KeepingStatement() const override {
    if (write_.kind != MethodKind::kCreate) return std::nullopt;
    auto checked = CheckedStatement();
    return checked ? std::optional(KeepingStatementOf(bound_, *std::move(checked))) : std::nullopt;
  }
  std::string row_shape() const override { return RowShape(bound_); }
  absl::StatusOr<std::string> AnswerKept(std::string_view kept, db::Session& session) override {
    ASSIGN_OR_RETURN(db::Rows rows, ReadKeptRow(bound_, kept));
    return Answer(std::move(rows), session);
  }
  absl::StatusOr<std::string> Execute(db::Session& session) override {
    // In an open transaction the row is encoded before the commit.
    const bool checks = !session.in_transaction() && AnswersARow(bound_, write_.kind) && !bound_.check_of_fit().empty();
    if (checks) {
      db::Statement statement = StatementOf(bound_, write_);
      statement.sql += bound_.check_of_fit();
      auto rows = session.Write(statement.sql, statement.params);
      if (rows.ok() || !MayNotFit(rows.status())) {
        return AnswerOf(bound_, write_, std::move(rows), session);
      }
      // Nothing is written. In a transaction that is not committed yet the encoder says what does not fit, or that it
      // fits; and a division by zero of the database's own functions comes again.
      RETURN_IF_ERROR(session.Restart());
    }
    return AnswerRow(bound_, write_, session);
  }

 private:
  const BoundTable& bound_;
  const RowWrite write_;
};

class RowMethod : public UnaryMethod {
 public:
  RowMethod(const BoundTable& bound, const Names& names, MethodKind kind, RowPlanner plan)
      : UnaryMethod(names), bound_(bound), kind_(kind), plan_(plan) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    ASSIGN_OR_RETURN(const wire::Request& request, bound_.Decode(kind_, bytes));
    ASSIGN_OR_RETURN(RowWrite write, plan_(bound_, request));
    if (write.nested) return MakeNestedOperation(request, std::move(*write.nested), /*batch=*/false);
    return std::make_unique<RowOperation>(bound_, request, std::move(write));
  }

  Grouping grouping() const override { return GroupingOfWrites(bound_); }
  void RunGroup(std::span<GroupMember> members, const db::Access& access) const override {
    RunWriteGroup(bound_, kind_, plan_, members, access);
  }

 private:
  const BoundTable& bound_;
  const MethodKind kind_;
  const RowPlanner plan_;
};

class BatchOperation : public WriteOperation {
 public:
  BatchOperation(const BoundTable& bound, const wire::Request& request, std::vector<RowWrite> writes)
      : WriteOperation(request, /*explicit_transaction=*/true), bound_(bound), writes_(std::move(writes)) {}

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    std::string response;
    for (std::size_t i = 0; i < writes_.size(); ++i) {
      const absl::Status answered = AppendAnswer(writes_[i], session, &response);
      if (!answered.ok()) return status::Within(ElementPath(i), answered);
    }
    return response;
  }

 private:
  absl::Status AppendAnswer(const RowWrite& write, db::Session& session, std::string* response) const {
    ASSIGN_OR_RETURN(const db::Rows rows, WriteRow(bound_, write, session));
    return rows.empty() ? absl::OkStatus() : bound_.EncodeElement(bound_.whole(), rows, 0, response);
  }

  const BoundTable& bound_;
  const std::vector<RowWrite> writes_;
};

class BatchMethod : public UnaryMethod {
 public:
  BatchMethod(const BoundTable& bound, const Names& names, MethodKind batch, MethodKind kind, RowPlanner plan)
      : UnaryMethod(names), bound_(bound), batch_(batch), kind_(kind), plan_(plan) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    ASSIGN_OR_RETURN(const wire::Request batch, DecodeBatch(bound_, batch_, bytes));
    ASSIGN_OR_RETURN(auto writes, PlanElements(batch, [this](std::string_view element) {
                       return PlanElement(bound_, kind_, plan_, element);
                     }));
    return std::make_unique<BatchOperation>(bound_, batch, std::move(writes));
  }

 private:
  const BoundTable& bound_;
  const MethodKind batch_;
  const MethodKind kind_;
  const RowPlanner plan_;
};

}  // namespace

std::unique_ptr<Method> MakeRowMethod(const BoundTable& bound, const Method::Names& names, MethodKind kind,
                                      RowPlanner plan) {
  return std::make_unique<RowMethod>(bound, names, kind, plan);
}
std::unique_ptr<Method> MakeBatchMethod(const BoundTable& bound, const Method::Names& names, MethodKind batch,
                                        MethodKind kind, RowPlanner plan) {
  return std::make_unique<BatchMethod>(bound, names, batch, kind, plan);
}

}  // namespace protogres::crud
