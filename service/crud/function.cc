// Functions that answer once, and procedures.
#include "crud/function.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "status/macros.h"
#include "status/status.h"

namespace protogres::crud {
namespace {

class FunctionOperation final : public Operation {
 public:
  FunctionOperation(const BoundFunction& bound, FunctionCall call) : bound_(bound), call_(std::move(call)) {}

  db::SessionOptions session() const override {
    const contract::Function& function = bound_.function();
    if (function.writes && bound_.EncodesBeforeCommit()) return {.transaction = db::Transaction::kExplicit};
    // A function that writes is one statement, which is a transaction by itself. But a procedure could end that.
    if (function.writes && !function.procedure) return {};
    return OwnTransaction(function);
  }
  bool validate_only() const override { return call_.options.validate_only; }
  std::string_view request_id() const override { return call_.options.request_id; }

  std::optional<db::Statement> Statement() const override {
    return db::Statement{.sql = call_.statement.text, .params = call_.statement.params, .writes = true};
  }
  std::optional<Checked> CheckedStatement() const override {
    if (bound_.EncodesBeforeCommit()) return std::nullopt;
    return Checked{.statement = *Statement()};
  }

  absl::StatusOr<std::string> Answer(absl::StatusOr<db::Rows> rows, db::Session&) override {
    if (!rows.ok()) return bound_.Locate(call_, rows.status());
    std::string response;
    if (bound_.function().kind == contract::ResultKind::kNothing) return response;
    if (rows->empty()) return status::Internal("a function has returned no row");
    RETURN_IF_ERROR(bound_.rows().Encode(call_.view, *rows, 0, &response));
    return response;
  }

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    const auto& [text, params] = call_.statement;
    // In a transaction of several operations, nothing keeps a STABLE function from calling one that writes.
    const bool writes = bound_.function().writes || session.in_transaction();
    return Answer(writes ? session.Write(text, params) : session.Read(text, params), session);
  }

 private:
  const BoundFunction& bound_;
  const FunctionCall call_;
};

class FunctionMethod final : public UnaryMethod {
 public:
  FunctionMethod(const BoundFunction& bound, const Names& names) : UnaryMethod(names), bound_(bound) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    ASSIGN_OR_RETURN(FunctionCall call, bound_.Plan(bytes));
    return std::make_unique<FunctionOperation>(bound_, std::move(call));
  }

 private:
  const BoundFunction& bound_;
};

}  // namespace

db::SessionOptions OwnTransaction(const contract::Function& function) {
  static const auto& none = *new auto(std::make_shared<const std::vector<db::Setting>>());
  return {.read_only = !function.writes, .settings = none};
}

std::unique_ptr<Method> MakeFunction(const BoundFunction& bound, const Method::Names& names) {
  if (bound.function().set) return MakeFunctionStream(bound, names);
  return std::make_unique<FunctionMethod>(bound, names);
}

}  // namespace protogres::crud
