#include "sql/elements.h"

#include <algorithm>

#include "fmt/format.h"
#include "sql/clause.h"
#include "sql/literal.h"
#include "status/macros.h"

namespace protogres::sql {
namespace {

using contract::Kind;
using contract::Type;

// Whether an array of literals is of exactly the column's type, as the operators of arrays want it. They can use a GIN
// index.
bool HasOperators(const Target& target, const FilterScope& scope) {
  const Type& type = *target.type;
  if (type.kind == Kind::kEnum) return type.comparable && scope.EnumOf(type).sql_type == type.element_sql_type;
  return BuiltIn(type) && OperandCast(type).ends_with(type.element_sql_type);
}

bool HasWildcard(const Target& target, const Literal& literal) {
  return target.type->textual && !literal.stars.empty();
}

bool AnyWildcard(const Target& target, const std::vector<Literal>& literals) {
  return std::ranges::any_of(literals, [&](const Literal& literal) { return HasWildcard(target, literal); });
}

// All literals as one parameter, an array of patterns: thousands of subqueries would be slow to plan.
std::string Patterns(const std::vector<Literal>& literals, FilterScope* scope) {
  std::vector<std::string> patterns;
  patterns.reserve(literals.size());
  for (const Literal& literal : literals) patterns.push_back(LikePattern(literal));
  return scope->Bind(ArrayText({patterns.begin(), patterns.end()})) + "::text[]";
}

// The element e is like what is to follow.
std::string Like(const Type& type) { return fmt::format("{} {} ", Likeable("e", type), Operator(type, "LIKE")); }

// Each element by a condition of its own.
absl::StatusOr<std::string> HasEach(const Target& target, const std::vector<Literal>& literals, bool all,
                                    FilterScope* scope) {
  if (literals.empty()) return all ? Presence(target.sql, *target.type, true) : "FALSE";
  std::string conditions;
  for (const Literal& literal : literals) {
    ASSIGN_OR_RETURN(const std::string one, HasElement(target, literal, scope));
    conditions += (conditions.empty() ? "(" : all ? " AND " : " OR ") + one;
  }
  return conditions + ")";
}

// By one of the operators of arrays, where it can be.
absl::StatusOr<std::string> HasBy(const char* op, const Target& target, const std::vector<Literal>& literals,
                                  FilterScope* scope) {
  ASSIGN_OR_RETURN(const std::string operand, scope->ArrayOperand(target, literals));
  return Has(target.sql, fmt::format("OPERATOR(pg_catalog.{}) {}", op, operand));
}

bool CanHaveBy(const Target& target, const std::vector<Literal>& literals, const FilterScope& scope) {
  return HasOperators(target, scope) && !AnyWildcard(target, literals);
}

// An index still serves for those without a wildcard.
absl::StatusOr<std::string> HasAllLike(const Target& target, const std::vector<Literal>& literals, FilterScope* scope) {
  std::vector<Literal> plain, patterns;
  for (const Literal& literal : literals) (HasWildcard(target, literal) ? patterns : plain).push_back(literal);
  std::string has = target.sql + " IS NOT NULL";
  if (!plain.empty()) {
    ASSIGN_OR_RETURN(has, HasAllOf(target, plain, scope));
  }
  return fmt::format(
      "({} AND NOT EXISTS (SELECT FROM unnest({}) AS p WHERE NOT EXISTS (SELECT FROM unnest({}) AS e WHERE {}p)))", has,
      Patterns(patterns, scope), target.sql, Like(*target.type));
}

}  // namespace

absl::Status CheckElements(const Target& target, std::size_t offset, const FilterScope& scope) {
  const Type& type = *target.type;
  if (type.comparable && type.kind != Kind::kMessage && type.kind != Kind::kJson) return absl::OkStatus();
  return scope.Error(
      offset,
      fmt::format("the elements of {0} cannot be compared ({1}): only {0}:*, {0} = null and {0} != null can be asked",
                  target.name, type.sql_type));
}

absl::StatusOr<std::string> HasElement(const Target& target, const Literal& literal, FilterScope* scope) {
  const Type& type = *target.type;
  if (HasWildcard(target, literal)) {
    return fmt::format("EXISTS (SELECT FROM unnest({}) AS e WHERE {}{}::text)", target.sql, Like(type),
                       scope->Bind(LikePattern(literal)));
  }
  ASSIGN_OR_RETURN(const std::string operand, scope->Operand(target, literal));
  // intarray has an @> for integers that fails on a NULL.
  if (HasOperators(target, *scope)) return Has(target.sql, fmt::format("OPERATOR(pg_catalog.@>) ARRAY[{}]", operand));
  return fmt::format("coalesce({} {} ANY({}), FALSE)", operand, Operator(type, "="), target.sql);
}

absl::StatusOr<std::string> HasAllOf(const Target& target, const std::vector<Literal>& literals, FilterScope* scope) {
  if (CanHaveBy(target, literals, *scope)) return HasBy("@>", target, literals, scope);
  if (AnyWildcard(target, literals)) return HasAllLike(target, literals, scope);
  return HasEach(target, literals, /*all=*/true, scope);
}

absl::StatusOr<std::string> HasAnyOf(const Target& target, const std::vector<Literal>& literals, FilterScope* scope) {
  if (CanHaveBy(target, literals, *scope)) return HasBy("&&", target, literals, scope);
  if (AnyWildcard(target, literals)) {
    return fmt::format("EXISTS (SELECT FROM unnest({}) AS e WHERE {}ANY({}))", target.sql, Like(*target.type),
                       Patterns(literals, scope));
  }
  return HasEach(target, literals, /*all=*/false, scope);
}

absl::StatusOr<std::string> HasOnly(const Target& target, const std::vector<Literal>& literals, FilterScope* scope) {
  if (CanHaveBy(target, literals, *scope)) return HasBy("<@", target, literals, scope);
  std::string found;
  if (AnyWildcard(target, literals)) {
    found = fmt::format("{}ANY({})", Like(*target.type), Patterns(literals, scope));
  } else {
    for (const Literal& literal : literals) {
      ASSIGN_OR_RETURN(const std::string operand, scope->Operand(target, literal));
      found += fmt::format("{}e {} {}", found.empty() ? "" : " OR ", Operator(*target.type, "="), operand);
    }
  }
  if (found.empty()) return fmt::format("coalesce(cardinality({}) = 0, FALSE)", target.sql);
  return fmt::format("({0} IS NOT NULL AND NOT EXISTS (SELECT FROM unnest({0}) AS e WHERE ({1}) IS NOT TRUE))",
                     target.sql, found);
}

}  // namespace protogres::sql
