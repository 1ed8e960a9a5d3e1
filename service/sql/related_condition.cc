#include "sql/related_condition.h"

#include <algorithm>

#include "fmt/format.h"
#include "text/excerpt.h"

namespace protogres::sql {
namespace {

using contract::Kind;
using contract::Type;

// The first relation to many. Null: all are to one.
const contract::Relation* ToMany(const Target& target) {
  const auto hop = std::ranges::find_if(target.hops, [](const Hop& one) { return one.relation->many; });
  return hop == target.hops.end() ? nullptr : hop->relation;
}

bool HasNull(const Restriction& restriction) {
  return std::ranges::any_of(restriction.argument.values, [](const Literal& literal) { return literal.Is("null"); });
}

std::string ExampleField(const contract::Table& table) {
  return table.fields.empty() ? "field" : table.fields.front().name;
}

}  // namespace

OfNull OfNullBy(const Target& target, const Restriction& restriction) {
  const Type& type = *target.type;
  const Argument& argument = restriction.argument;
  const bool differs = restriction.comparator == Comparator::kNotEqual;
  if (argument.values.empty()) return differs ? OfNull::kTrue : OfNull::kFalse;
  if (HasNull(restriction)) return differs ? OfNull::kFalse : OfNull::kTrue;
  if (restriction.comparator != Comparator::kHas) return OfNull::kNull;
  if (type.repeated || type.kind == Kind::kJson || type.kind == Kind::kMessage) return OfNull::kFalse;
  return !argument.list && argument.values.front().Is("*") ? OfNull::kFalse : OfNull::kNull;
}

// A filter keeps the rows for which it is true, and negations have been moved to its conditions. So false may stand for
// NULL, and both a condition and its negation can be an EXISTS.
std::string OnRow(const Target& target, const std::string& condition, OfNull of_null, bool negated,
                  const FilterScope& scope) {
  const std::string otherwise = condition.empty() ? "" : "NOT (" + condition + ")";
  if (target.hops.empty()) return negated ? otherwise : condition;
  if (ToMany(target) != nullptr) of_null = OfNull::kFalse;
  switch (of_null) {
    case OfNull::kNull:
      return scope.Exists(target, negated ? otherwise : condition);
    case OfNull::kFalse:
      return (negated ? "NOT " : "") + scope.Exists(target, condition);
    case OfNull::kTrue:
      break;
  }
  return (negated ? "" : "NOT ") + scope.Exists(target, otherwise);
}

absl::Status CheckToMany(const Target& target, const Restriction& restriction, const FilterScope& scope) {
  const contract::Relation* const many = ToMany(target);
  if (many == nullptr || target.type == nullptr) return absl::OkStatus();
  if (restriction.comparator != Comparator::kHas) {
    return scope.Error(restriction.comparator_offset,
                       fmt::format("{} is to many: expected \":\" (one of its rows has the value), found \"{}\"",
                                   text::Excerpt(many->name), Spelling(restriction.comparator)));
  }
  if (HasNull(restriction)) {
    return scope.Error(
        restriction.argument.offset,
        fmt::format("expected a value, found null: {} is to many, and {}:* is true where one of its rows "
                    "has a value",
                    text::Excerpt(many->name), target.name));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> CompilePresence(const Target& target, const Restriction& restriction, bool negated,
                                            const FilterScope& scope) {
  const Argument& argument = restriction.argument;
  const Literal* const value = argument.list ? nullptr : &argument.values.front();
  const bool many = ToMany(target) != nullptr;
  if (value != nullptr && value->Is("*") && restriction.comparator == Comparator::kHas) {
    return OnRow(target, "", OfNull::kFalse, negated, scope);
  }
  if (value != nullptr && value->Is("null") && !many) {
    if (restriction.comparator == Comparator::kNotEqual) return OnRow(target, "", OfNull::kFalse, negated, scope);
    if (restriction.comparator == Comparator::kEqual) return OnRow(target, "", OfNull::kFalse, !negated, scope);
  }
  return scope.Error(
      restriction.argument.offset,
      fmt::format("{0} is a relation: expected {0}:* or NOT {0}:* (there is a row, or none), or a "
                  "field of {1} ({0}.{2})",
                  target.name, target.hops.back().target->message, ExampleField(*target.hops.back().target)));
}

}  // namespace protogres::sql
