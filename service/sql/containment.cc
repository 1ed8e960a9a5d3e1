#include "sql/containment.h"

#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "sql/clause.h"
#include "sql/elements.h"
#include "sql/literal.h"
#include "status/macros.h"
#include "text/ascii.h"
#include "text/excerpt.h"
#include "text/quote.h"

namespace protogres::sql {
namespace {

using contract::Kind;
using contract::Text;
using contract::Type;

const char* OperatorOf(Containment containment) {
  switch (containment) {
    case Containment::kContains:
      return "@>";
    case Containment::kWithin:
      return "<@";
    case Containment::kOverlaps:
      break;
  }
  return "&&";
}

// A range that is written as one: [1,5), (,2024-01-01], empty.
bool IsRange(std::string_view text) {
  return text.starts_with('[') || text.starts_with('(') || text::Lower(text) == "empty";
}

// The literal as PostgreSQL writes a value of the range's type. A single value x becomes [x,x], which is in exactly the
// ranges that x is in.
std::string RangeText(const Type& type, const std::string& literal) {
  std::string text = literal;
  const bool ranges = text.starts_with('{');
  if (!ranges && !IsRange(text)) {
    std::string bound;
    text::AppendQuotedElement(literal, &bound);
    text = fmt::format("[{0},{0}]", bound);
  }
  return type.text == Text::kMultirange && !ranges ? fmt::format("{{{}}}", text) : text;
}

// One value, where it is no list.
absl::StatusOr<const Literal*> OneValue(const Call& call, const Target& target, const FilterScope& scope) {
  const Argument& argument = call.arguments.front();
  if (!argument.list) return &argument.values.front();
  return scope.Error(argument.offset, fmt::format("{}() of {}, which is of the type {}, takes one value, found a list",
                                                  call.function.text, target.name, target.type->sql_type));
}

absl::StatusOr<std::string> OfRepeated(Containment containment, const Call& call, const Target& target,
                                       FilterScope* scope) {
  RETURN_IF_ERROR(CheckElements(target, call.function.offset, *scope));
  const std::vector<Literal>& values = call.arguments.front().values;
  switch (containment) {
    case Containment::kContains:
      return HasAllOf(target, values, scope);
    case Containment::kWithin:
      return HasOnly(target, values, scope);
    case Containment::kOverlaps:
      break;
  }
  return HasAnyOf(target, values, scope);
}

// The JSON value has all or one of these keys or elements. As with `attrs:1`, a bare number or boolean is an element.
absl::StatusOr<std::string> OfJsonMembers(bool all, const Argument& argument, const std::string& value,
                                          FilterScope* scope) {
  std::vector<std::string_view> keys;
  std::vector<std::string> conditions;
  for (const Literal& literal : argument.values) {
    if (!literal.stars.empty()) {
      return scope->Error(literal.offset,
                          fmt::format("keys and elements of a JSON value have no wildcards, found {} (for "
                                      "a star itself, write \\* in quotes)",
                                      text::Excerpt(literal.text)));
    }
    if (!IsJsonNumber(literal) && !IsJsonBoolean(literal)) {
      keys.push_back(literal.text);
      continue;
    }
    RETURN_IF_ERROR(scope->CheckSize(literal.offset));
    conditions.push_back(
        Has(value, fmt::format("OPERATOR(pg_catalog.@>) pg_catalog.to_jsonb({}::{})", scope->Bind(literal.text),
                               IsJsonNumber(literal) ? "numeric" : "boolean")));
  }
  if (!keys.empty() || conditions.empty()) {
    conditions.push_back(
        Has(value, fmt::format("OPERATOR(pg_catalog.{}) {}::text[]", all ? "?&" : "?|", scope->Bind(ArrayText(keys)))));
  }
  if (conditions.size() == 1) return conditions.front();
  return fmt::format("({})", fmt::join(conditions, all ? " AND " : " OR "));
}

// A list is one of keys or elements; else the value is JSON itself.
absl::StatusOr<std::string> OfJson(Containment containment, const Call& call, const Target& target,
                                   FilterScope* scope) {
  const Argument& argument = call.arguments.front();
  const std::string value = scope->Json(target).value;
  if (argument.list || containment == Containment::kOverlaps) {
    if (containment == Containment::kWithin) {
      return scope->Error(argument.offset, "within() of a JSON value takes one JSON value, found a list");
    }
    return OfJsonMembers(containment == Containment::kContains, argument, value, scope);
  }
  const Literal& literal = argument.values.front();
  const std::string_view text = literal.text;
  if (text.empty() || std::string_view("{[\"-0123456789tfn \t\r\n").find(text.front()) == std::string_view::npos) {
    return scope->Error(literal.offset,
                        fmt::format("expected JSON, such as '{{\"color\": \"red\"}}' or '\"red\"', or a "
                                    "list of keys, such as [\"color\"]; found {}",
                                    text::Excerpt(text)));
  }
  return Has(value,
             fmt::format("OPERATOR(pg_catalog.{}) {}::jsonb", OperatorOf(containment), scope->Bind(literal.text)));
}

absl::StatusOr<std::string> OfRange(Containment containment, const Call& call, const Target& target,
                                    FilterScope* scope) {
  ASSIGN_OR_RETURN(const Literal* const literal, OneValue(call, target, *scope));
  return fmt::format("{} OPERATOR(pg_catalog.{}) {}{}", target.sql, OperatorOf(containment),
                     scope->Bind(RangeText(*target.type, literal->text)), OperandCast(*target.type));
}

// A type that may have such operators, which PostgreSQL knows: of an extension, or of geometry.
bool MayHaveOperators(const Type& type) {
  return type.kind == Kind::kString && type.text == Text::kAny && !type.textual;
}

}  // namespace

absl::StatusOr<std::string> CompileContainment(Containment containment, const Call& call, const Target& target,
                                               FilterScope* scope) {
  const Type& type = *target.type;
  for (const Literal& literal : call.arguments.front().values) {
    if (literal.Is("null")) {
      return scope->Error(literal.offset, "expected a value, found null (for the text, write \"null\" in quotes)");
    }
  }
  if (type.repeated) return OfRepeated(containment, call, target, scope);
  if (type.kind == Kind::kJson) return OfJson(containment, call, target, scope);
  if (type.text == Text::kRange || type.text == Text::kMultirange) return OfRange(containment, call, target, scope);
  if (!MayHaveOperators(type)) {
    return scope->Error(
        call.path.front().offset,
        fmt::format("{}() is for repeated fields, ranges and JSON values; {} is of the type {}{}", call.function.text,
                    text::Excerpt(target.name), type.sql_type,
                    type.textual ? "; for a part of a text, write " + target.name + " = \"*part*\"" : ""));
  }
  ASSIGN_OR_RETURN(const Literal* const literal, OneValue(call, target, *scope));
  ASSIGN_OR_RETURN(const std::string operand, scope->Operand(target, *literal));
  return fmt::format("{} {} {}", target.sql, Operator(type, OperatorOf(containment)), operand);
}

}  // namespace protogres::sql
