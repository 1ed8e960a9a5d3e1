#include "sql/restriction.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "sql/clause.h"
#include "sql/elements.h"
#include "sql/literal.h"
#include "sql/related_condition.h"
#include "sql/suggest.h"
#include "status/macros.h"
#include "text/excerpt.h"
#include "text/quote.h"

namespace protogres::sql {
namespace {

using contract::Field;
using contract::Kind;
using contract::Type;

// A target compared with one value.
struct Comparison {
  Comparator comparator = Comparator::kEqual;
  std::size_t offset = 0;  // of the comparator
  const Literal& literal;
};

std::string_view SqlSpelling(Comparator comparator) {
  switch (comparator) {
    case Comparator::kNotEqual:
      return "<>";
    case Comparator::kHas:
      return "=";
    default:
      return Spelling(comparator);
  }
}

bool IsOrder(Comparator comparator) {
  return comparator != Comparator::kEqual && comparator != Comparator::kNotEqual && comparator != Comparator::kHas;
}

// `field:*`
bool AsksPresence(const Comparison& comparison) {
  return comparison.comparator == Comparator::kHas && comparison.literal.Is("*");
}

bool IsNull(const Comparison& comparison) { return comparison.literal.Is("null"); }

absl::StatusOr<std::string> CompileScalar(const Target& target, const Comparison& comparison, FilterScope* scope) {
  const Type& type = *target.type;
  const Comparator comparator = comparison.comparator;
  if (type.textual && !IsOrder(comparator) && !comparison.literal.stars.empty()) {
    return fmt::format("{} {} {}::text", Likeable(target.sql, type),
                       Operator(type, comparator == Comparator::kNotEqual ? "NOT LIKE" : "LIKE"),
                       scope->Bind(LikePattern(comparison.literal)));
  }
  // A domain over an enum has no operators, the enum itself has.
  if (type.kind == Kind::kEnum && !type.comparable) {
    ASSIGN_OR_RETURN(const std::string operand, scope->Operand(target, comparison.literal));
    return fmt::format("{}::{} {} {}", target.sql, scope->EnumOf(type).sql_type, SqlSpelling(comparator), operand);
  }
  if (!type.comparable) {
    return scope->Error(
        comparison.offset,
        fmt::format("{0} is of a type without equality ({1}): only {0} = null and {0} != null can be asked",
                    target.name, type.sql_type));
  }
  if (IsOrder(comparator) && !type.orderable) {
    return scope->Error(comparison.offset,
                        fmt::format("{} is of a type without an order ({}): expected = or !=, found \"{}\"",
                                    target.name, type.sql_type, Spelling(comparator)));
  }
  ASSIGN_OR_RETURN(const std::string operand, scope->Operand(target, comparison.literal));
  return fmt::format("{} {} {}", target.sql, Operator(type, SqlSpelling(comparator)), operand);
}

absl::StatusOr<std::string> CompileRepeated(const Target& target, const Comparison& comparison, FilterScope* scope) {
  if (AsksPresence(comparison)) return fmt::format("coalesce(cardinality({}), 0) > 0", target.sql);
  if (comparison.comparator != Comparator::kHas) {
    return scope->Error(comparison.offset,
                        fmt::format("{} is repeated: expected \":\" (it has the element), found \"{}\"",
                                    text::Excerpt(target.name), Spelling(comparison.comparator)));
  }
  RETURN_IF_ERROR(CheckElements(target, comparison.offset, *scope));
  return HasElement(target, comparison.literal, scope);
}

absl::StatusOr<std::string> CompileMessage(const Target& target, const Comparison& comparison, FilterScope* scope) {
  const std::vector<Field>& fields = scope->contract().composites[static_cast<std::size_t>(target.type->index)].fields;
  if (comparison.comparator != Comparator::kHas) {
    const std::string example = fields.empty() ? "member" : fields.front().name;
    return scope->Error(comparison.offset,
                        fmt::format("{0} is a message: compare one of its fields ({0}.{1})", target.name, example));
  }
  const auto field = std::ranges::find(fields, comparison.literal.text, &Field::name);
  if (field == fields.end()) {
    return scope->Error(comparison.literal.offset,
                        fmt::format("unknown field {}{}", text::Excerpt(comparison.literal.text),
                                    SuggestField(comparison.literal.text, fields)));
  }
  return Presence(fmt::format("({}).{}", target.sql, text::QuoteName(field->column)), field->type, true);
}

std::string CompileJsonNumber(const std::string& value, const std::string& text, const Comparison& comparison,
                              FilterScope* scope) {
  const std::string number = scope->Bind(comparison.literal.text) + "::numeric";
  const std::string_view op = SqlSpelling(comparison.comparator);
  if (!IsOrder(comparison.comparator)) return fmt::format("NULLIF({}, 'null') {} to_jsonb({})", value, op, number);
  // CASE keeps the cast from the values that are no numbers: they are neither less nor greater.
  return fmt::format("CASE WHEN jsonb_typeof({}) = 'number' THEN {}::numeric {} {} END", value, text, op, number);
}

absl::StatusOr<std::string> CompileJson(const Target& target, const Comparison& comparison, FilterScope* scope) {
  const Literal& literal = comparison.literal;
  const Comparator comparator = comparison.comparator;
  const auto [value, text] = scope->Json(target);
  if (!target.json.empty()) {
    // #>> gives NULL for a JSON null too.
    if (IsNull(comparison)) return Presence(text, *target.type, comparator == Comparator::kNotEqual);
    if (AsksPresence(comparison)) return Presence(text, *target.type, true);
  } else if (comparator != Comparator::kHas) {
    return scope->Error(
        comparison.offset,
        fmt::format("{0} is a JSON value: compare one of its members ({0}.member), or ask for a key ({0}:key)",
                    target.name));
  }
  const bool number = IsJsonNumber(literal);
  const bool boolean = IsJsonBoolean(literal);
  if (comparator == Comparator::kHas) {
    if (!literal.stars.empty()) {
      return scope->Error(literal.offset,
                          fmt::format("wildcards in a JSON value are for = and !=, found {} after \":\" (for a "
                                      "star itself, write \\* in quotes)",
                                      text::Excerpt(literal.text)));
    }
    // An array has the element, a scalar is it; for a text, also: an object has the key.
    if (number) return Has(value, fmt::format("@> to_jsonb({}::numeric)", scope->Bind(literal.text)));
    if (boolean) return Has(value, fmt::format("@> to_jsonb({}::boolean)", scope->Bind(literal.text)));
    return Has(value, fmt::format("? {}::text", scope->Bind(literal.text)));
  }
  if (number) return CompileJsonNumber(value, text, comparison, scope);
  if (boolean) {
    if (IsOrder(comparator)) {
      return scope->Error(comparison.offset,
                          fmt::format("expected = or != before {}, found \"{}\"", literal.text, Spelling(comparator)));
    }
    return fmt::format("NULLIF({}, 'null') {} to_jsonb({}::boolean)", value, SqlSpelling(comparator),
                       scope->Bind(literal.text));
  }
  if (!literal.stars.empty() && !IsOrder(comparator)) {
    return fmt::format("{} {} {}::text", text, comparator == Comparator::kNotEqual ? "NOT LIKE" : "LIKE",
                       scope->Bind(LikePattern(literal)));
  }
  return fmt::format("{} {} {}::text", text, SqlSpelling(comparator), scope->Bind(literal.text));
}

absl::StatusOr<std::string> Compare(const Target& target, const Comparison& comparison, FilterScope* scope) {
  const Type& type = *target.type;
  if (IsNull(comparison) && comparison.comparator != Comparator::kEqual &&
      comparison.comparator != Comparator::kNotEqual) {
    return scope->Error(
        comparison.offset,
        fmt::format("expected = or != before null, found \"{}\" (for the text, write \"null\" in quotes)",
                    Spelling(comparison.comparator)));
  }
  if (IsNull(comparison) && target.json.empty()) {
    return Presence(target.sql, type, comparison.comparator == Comparator::kNotEqual);
  }
  if (type.repeated) return CompileRepeated(target, comparison, scope);
  if (AsksPresence(comparison) && target.json.empty()) return Presence(target.sql, type, true);
  if (type.kind == Kind::kMessage) return CompileMessage(target, comparison, scope);
  if (type.kind == Kind::kJson) return CompileJson(target, comparison, scope);
  return CompileScalar(target, comparison, scope);
}

// A value that a list can have in a parameter that is an array: neither NULL nor, but for elements, with a wildcard.
bool IsPlain(const Type& type, const Restriction& restriction, const Literal& literal) {
  if (literal.Is("null")) return false;
  if (restriction.comparator == Comparator::kHas && literal.Is("*")) return false;
  if (type.kind == Kind::kJson) return literal.stars.empty() && !IsJsonNumber(literal) && !IsJsonBoolean(literal);
  return !type.textual || type.repeated || literal.stars.empty();
}

// One comparison with an array, by which an index serves. Empty: the target or a value has none.
absl::StatusOr<std::string> CompareWithArray(const Target& target, const Restriction& restriction, FilterScope* scope) {
  const Type& type = *target.type;
  const std::vector<Literal>& values = restriction.argument.values;
  for (const Literal& literal : values) {
    if (!IsPlain(type, restriction, literal)) return "";
  }
  const bool negated = restriction.comparator == Comparator::kNotEqual;
  if (type.repeated) {
    if (restriction.comparator != Comparator::kHas || values.empty()) return "";
    RETURN_IF_ERROR(CheckElements(target, restriction.comparator_offset, *scope));
    return HasAnyOf(target, values, scope);
  }
  if (type.kind == Kind::kJson) {
    if (target.json.empty() || restriction.comparator == Comparator::kHas) return "";
    const std::string text = scope->Json(target).text;
    std::vector<std::string_view> texts;
    for (const Literal& literal : values) texts.push_back(literal.text);
    return fmt::format("{} {}({}::text[])", text, negated ? "<> ALL" : "= ANY", scope->Bind(ArrayText(texts)));
  }
  if (type.kind == Kind::kMessage || !type.comparable || !scope->TakesArray(target)) return "";
  ASSIGN_OR_RETURN(const std::string operand, scope->ArrayOperand(target, values));
  return fmt::format("{} {} {}({})", target.sql, Operator(type, negated ? "<>" : "="), negated ? "ALL" : "ANY",
                     operand);
}

// Each value by a comparison of its own.
absl::StatusOr<std::string> CompareWithEach(const Target& target, const Restriction& restriction, FilterScope* scope) {
  const bool negated = restriction.comparator == Comparator::kNotEqual;
  if (restriction.argument.values.empty()) return negated ? "TRUE" : "FALSE";
  std::string all;
  for (const Literal& literal : restriction.argument.values) {
    RETURN_IF_ERROR(scope->CheckSize(literal.offset));
    ASSIGN_OR_RETURN(const std::string one,
                     Compare(target, {restriction.comparator, restriction.comparator_offset, literal}, scope));
    all += (all.empty() ? "(" : negated ? " AND " : " OR ") + one;
  }
  return all + ")";
}

// The condition on the target's value.
absl::StatusOr<std::string> CompileOn(const Target& target, const Restriction& restriction, FilterScope* scope) {
  const Comparator comparator = restriction.comparator;
  if (!restriction.argument.list) {
    return Compare(target, {comparator, restriction.comparator_offset, restriction.argument.values.front()}, scope);
  }
  if (IsOrder(comparator)) {
    return scope->Error(restriction.comparator_offset,
                        fmt::format("expected =, != or : before a list, found \"{}\"", Spelling(comparator)));
  }
  ASSIGN_OR_RETURN(std::string array, CompareWithArray(target, restriction, scope));
  return array.empty() ? CompareWithEach(target, restriction, scope) : array;
}

}  // namespace

absl::StatusOr<std::string> CompileRestriction(const Restriction& restriction, bool negated, FilterScope* scope) {
  ASSIGN_OR_RETURN(const Target target, scope->Resolve(restriction.path));
  RETURN_IF_ERROR(CheckToMany(target, restriction, *scope));
  if (target.type == nullptr) return CompilePresence(target, restriction, negated, *scope);
  ASSIGN_OR_RETURN(const std::string condition, CompileOn(target, restriction, scope));
  return OnRow(target, condition, OfNullBy(target, restriction), negated, *scope);
}

}  // namespace protogres::sql
