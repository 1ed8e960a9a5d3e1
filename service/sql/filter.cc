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
void MergeChildren(Expression* any) {
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

// The same everywhere in the expression.
void MergeAlternatives(Expression* expression) {
  if (expression->kind == Expression::Kind::kOr) MergeChildren(expression);
  for (Expression& child : expression->children) MergeAlternatives(&child);
}

bool GoesThroughRelations(const contract::Contract& contract, const contract::Table& table,
                          const Expression& expression) {
  const auto through = [&](const std::vector<Name>& path) {
    return !path.empty() && FindHop(contract, table, path.front().text).has_value();
  };
  if (through(expression.restriction.path) || through(expression.call.path)) return true;
  return std::ranges::any_of(expression.children,
                             [&](const Expression& child) { return GoesThroughRelations(contract, table, child); });
}

// Moves each NOT to the conditions below it: NOT (a AND b) is NOT a OR NOT b, of NULL too.
void MoveNegations(bool negated, Expression* expression) {
  using enum Expression::Kind;
  if (expression->kind == kNot) {
    Expression child = std::move(expression->children.front());
    *expression = std::move(child);
    MoveNegations(!negated, expression);
    return;
  }
  if (negated && expression->kind == kAnd) {
    expression->kind = kOr;
  } else if (negated && expression->kind == kOr) {
    expression->kind = kAnd;
  }
  expression->negated = negated;
  for (Expression& child : expression->children) MoveNegations(negated, &child);
}

absl::Status Compile(const Expression& expression, FilterScope* scope, std::string* text) {
  switch (expression.kind) {
    case Expression::Kind::kRestriction: {
      ASSIGN_OR_RETURN(const std::string condition,
                       CompileRestriction(expression.restriction, expression.negated, scope));
      *text += condition;
      return absl::OkStatus();
    }
    case Expression::Kind::kCall: {
      ASSIGN_OR_RETURN(const std::string condition, CompileCall(expression.call, expression.negated, scope));
      *text += condition;
      return absl::OkStatus();
    }
    case Expression::Kind::kNot: {
      *text += "NOT (";
      const absl::Status status = Compile(expression.children.front(), scope, text);
      *text += ')';
      return status;
    }
    case Expression::Kind::kOr:
    case Expression::Kind::kAnd:
      break;
  }
  const std::string_view separator = expression.kind == Expression::Kind::kAnd ? " AND " : " OR ";
  bool first = true;
  for (const Expression& child : expression.children) {
    if (!first) *text += separator;
    first = false;
    const bool parentheses = child.kind == Expression::Kind::kAnd || child.kind == Expression::Kind::kOr;
    if (parentheses) *text += '(';
    RETURN_IF_ERROR(Compile(child, scope, text));
    if (parentheses) *text += ')';
  }
  return absl::OkStatus();
}

absl::Status Invalid(const std::string& what) { return status::BadRequest("filter", what, status::kInvalidFilter); }

}  // namespace

absl::StatusOr<Statement> CompileFilter(const contract::Contract& contract, const contract::Table& table,
                                        std::string_view filter, const FilterOptions& options) {
  if (filter.size() > kMaxFilterBytes) {
    return Invalid(fmt::format("expected at most {} bytes, found {}", kMaxFilterBytes, filter.size()));
  }
  if (const std::string fault = TextFault(filter); !fault.empty()) return Invalid(fault);
  if (filter.find_first_not_of(" \t\r\n") == std::string_view::npos) return Statement{};
  ASSIGN_OR_RETURN(Expression expression, ParseFilter(filter));
  MergeAlternatives(&expression);
  if (GoesThroughRelations(contract, table, expression)) MoveNegations(/*negated=*/false, &expression);
  FilterScope scope(contract, table, filter, options);
  Statement condition;
  RETURN_IF_ERROR(Compile(expression, &scope, &condition.text));
  condition.params = scope.TakeParams();
  if (condition.params.size() > kMaxParams) {
    return Invalid(fmt::format("expected at most {} values, found {}", kMaxParams, condition.params.size()));
  }
  return condition;
}

}  // namespace protogres::sql
