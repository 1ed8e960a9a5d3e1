#include "sql/filter.h"

#include <utility>

#include "fmt/format.h"
#include "sql/parser.h"
#include "sql/restriction.h"
#include "status/status.h"

namespace protogres::sql {
namespace {

// PostgreSQL takes 65,535; the rest is for what the statement adds.
constexpr std::size_t kMaxParams = 30'000;

absl::Status Compile(const Expression& expression, RestrictionCompiler* compiler, std::string* text) {
  switch (expression.kind) {
    case Expression::Kind::kRestriction: {
      absl::StatusOr<std::string> condition = compiler->Compile(expression.restriction);
      if (!condition.ok()) return condition.status();
      *text += *condition;
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
    if (absl::Status status = Compile(child, compiler, text); !status.ok()) return status;
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
  absl::StatusOr<Expression> expression = ParseFilter(filter);
  if (!expression.ok()) return expression.status();
  RestrictionCompiler compiler(contract, table, filter, first_param);
  Statement condition;
  if (absl::Status status = Compile(*expression, &compiler, &condition.text); !status.ok()) return status;
  condition.params = compiler.TakeParams();
  if (condition.params.size() > kMaxParams) {
    return Invalid(fmt::format("expected at most {} values, found {}", kMaxParams, condition.params.size()));
  }
  return condition;
}

}  // namespace protogres::sql
