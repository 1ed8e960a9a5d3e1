#include "sql/filter.h"

#include <utility>

#include "fmt/format.h"
#include "sql/parser.h"
#include "sql/restriction.h"
#include "status/macros.h"
#include "status/status.h"

namespace protogres::sql {
namespace {

// PostgreSQL takes 65,535; the rest is for what the statement adds.
constexpr std::size_t kMaxParams = 30'000;

absl::Status Compile(const Expression& expression, RestrictionCompiler* compiler, std::string* text) {
  switch (expression.kind) {
    case Expression::Kind::kRestriction: {
      ASSIGN_OR_RETURN(const std::string condition, compiler->Compile(expression.restriction));
      *text += condition;
      return absl::OkStatus();
    }
    case Expression::Kind::kNot: {
      *text += "NOT (";
      const absl::Status status = Compile(expression.children.front(), compiler, text);
      *text += ')';
      return status;
    }
    case Expression::Kind::kAnd:
    case Expression::Kind::kOr:
      break;
  }
  const std::string_view separator = expression.kind == Expression::Kind::kAnd ? " AND " : " OR ";
  bool first = true;
  for (const Expression& child : expression.children) {
    if (!first) *text += separator;
    first = false;
    const bool parentheses = child.kind == Expression::Kind::kAnd || child.kind == Expression::Kind::kOr;
    if (parentheses) *text += '(';
    RETURN_IF_ERROR(Compile(child, compiler, text));
    if (parentheses) *text += ')';
  }
  return absl::OkStatus();
}

absl::Status Invalid(const std::string& what) { return status::BadRequest("filter", what, status::kInvalidFilter); }

}  // namespace

absl::StatusOr<Statement> CompileFilter(const contract::Contract& contract, const contract::Table& table,
                                        std::string_view filter, int first_param) {
  if (filter.size() > kMaxFilterBytes) {
    return Invalid(fmt::format("expected at most {} bytes, found {}", kMaxFilterBytes, filter.size()));
  }
  if (const std::string fault = TextFault(filter); !fault.empty()) return Invalid(fault);
  if (filter.find_first_not_of(" \t\r\n") == std::string_view::npos) return Statement{};
  ASSIGN_OR_RETURN(const Expression expression, ParseFilter(filter));
  RestrictionCompiler compiler(contract, table, filter, first_param);
  Statement condition;
  RETURN_IF_ERROR(Compile(expression, &compiler, &condition.text));
  condition.params = compiler.TakeParams();
  if (condition.params.size() > kMaxParams) {
    return Invalid(fmt::format("expected at most {} values, found {}", kMaxParams, condition.params.size()));
  }
  return condition;
}

}  // namespace protogres::sql
