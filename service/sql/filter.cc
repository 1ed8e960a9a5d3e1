#include "sql/filter.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "sql/filter_call.h"
#include "sql/filter_scope.h"
#include "sql/parser.h"
#include "sql/restriction.h"
#include "status/macros.h"
#include "status/status.h"

namespace protogres::sql {
namespace {

// PostgreSQL takes 65,535; the rest is for what the statement adds.
constexpr std::size_t kMaxParams = 30'000;

// Whether `a` and `b` are equal comparisons of one field, perhaps with different values.
bool IsOfOneField(const Restriction& a, const Restriction& b) {
  return a.comparator == b.comparator && std::ranges::equal(a.path, b.path, {}, &Name::text, &Name::text);
}

// Turns `id = 1 OR id = 2` into `id = [1, 2]`, which is one comparison with an array.
void MergeAlternatives(Expression* any) {
  std::vector<Expression> merged;
  for (Expression& child : any->children) {
    const bool can_merge =
        child.kind == Expression::Kind::kRestriction &&
        (child.restriction.comparator == Comparator::kEqual || child.restriction.comparator == Comparator::kHas);
    // Only with the one before: so thousands of alternatives of several fields cost no more than reading them.
    if (!can_merge || merged.empty() || merged.back().kind != Expression::Kind::kRestriction ||
        !IsOfOneField(merged.back().restriction, child.restriction)) {
      merged.push_back(std::move(child));
      continue;
    }
    Argument& list = merged.back().restriction.argument;
    list.list = true;
    for (Literal& literal : child.restriction.argument.values) list.values.push_back(std::move(literal));
  }
  any->children = std::move(merged);
}

absl::Status Compile(Expression* expression, FilterScope* scope, std::string* text) {
  switch (expression->kind) {
    case Expression::Kind::kRestriction: {
      ASSIGN_OR_RETURN(const std::string condition, CompileRestriction(expression->restriction, scope));
      *text += condition;
      return absl::OkStatus();
    }
    case Expression::Kind::kCall: {
      ASSIGN_OR_RETURN(const std::string condition, CompileCall(expression->call, scope));
      *text += condition;
      return absl::OkStatus();
    }
    case Expression::Kind::kNot: {
      *text += "NOT (";
      const absl::Status status = Compile(&expression->children.front(), scope, text);
      *text += ')';
      return status;
    }
    case Expression::Kind::kOr:
      MergeAlternatives(expression);
      break;
    case Expression::Kind::kAnd:
      break;
  }
  const std::string_view separator = expression->kind == Expression::Kind::kAnd ? " AND " : " OR ";
  bool first = true;
  for (Expression& child : expression->children) {
    if (!first) *text += separator;
    first = false;
    const bool parentheses = child.kind == Expression::Kind::kAnd || child.kind == Expression::Kind::kOr;
    if (parentheses) *text += '(';
    RETURN_IF_ERROR(Compile(&child, scope, text));
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
  ASSIGN_OR_RETURN(Expression expression, ParseFilter(filter));
  FilterScope scope(contract, table, filter, first_param);
  Statement condition;
  RETURN_IF_ERROR(Compile(&expression, &scope, &condition.text));
  condition.params = scope.TakeParams();
  if (condition.params.size() > kMaxParams) {
    return Invalid(fmt::format("expected at most {} values, found {}", kMaxParams, condition.params.size()));
  }
  return condition;
}

}  // namespace protogres::sql
