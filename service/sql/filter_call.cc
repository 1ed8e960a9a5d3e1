#include "sql/filter_call.h"

#include <algorithm>
#include <vector>

#include "fmt/format.h"
#include "sql/clause.h"
#include "sql/containment.h"
#include "sql/literal.h"
#include "sql/related_condition.h"
#include "sql/suggest.h"
#include "status/macros.h"
#include "text/ascii.h"
#include "text/excerpt.h"

namespace protogres::sql {
namespace {

using contract::Kind;
using contract::Text;
using contract::Type;

// What a function is given, once its arguments have been counted.
struct Bound {
  const Call& call;
  const Target& target;

  const std::string& name() const { return call.function.text; }
};

struct Function {
  const char* name;
  std::size_t most;  // arguments after the field; one at the least
  const char* example;
  absl::StatusOr<std::string> (*compile)(const Bound& bound, FilterScope* scope);
  bool containment = false;
};

// The text that patterns and regular expressions are for. Error: the target has none.
absl::StatusOr<std::string> TextOf(const Bound& bound, FilterScope* scope) {
  const Target& target = bound.target;
  const Type& type = *target.type;
  if (type.kind == Kind::kJson && !type.repeated && !target.json.empty()) return scope->Json(target).text;
  if (type.textual && !type.repeated) return Likeable(target.sql, type);
  return scope->Error(bound.call.path.front().offset,
                      fmt::format("{}() is for text and for members of JSON values; {} is of the type {}", bound.name(),
                                  text::Excerpt(target.name), type.sql_type));
}

// The one value of an argument. Error: it is a list, or null.
absl::StatusOr<const Literal*> ValueOf(const Bound& bound, std::size_t argument, FilterScope* scope) {
  const Argument& given = bound.call.arguments[argument];
  if (given.list) {
    return scope->Error(given.offset, fmt::format("{}() takes one value here, found a list", bound.name()));
  }
  if (given.values.front().Is("null")) {
    return scope->Error(given.offset, "expected a value, found null (for the text, write \"null\" in quotes)");
  }
  return &given.values.front();
}

// A pattern of SQL, in which the filter's own wildcard is one, too. A backslash of the pattern makes it a star.
std::string PatternOf(const Literal& literal) {
  std::string pattern = literal.text;
  for (const std::size_t star : literal.stars) {
    std::size_t begin = star;
    while (begin > 0 && pattern[begin - 1] == '\\') --begin;
    if ((star - begin) % 2 == 0) pattern[star] = '%';
  }
  return pattern;
}

absl::StatusOr<std::string> Match(const char* op, bool pattern, const Bound& bound, FilterScope* scope) {
  ASSIGN_OR_RETURN(const std::string text, TextOf(bound, scope));
  ASSIGN_OR_RETURN(const Literal* const value, ValueOf(bound, 0, scope));
  const std::string wanted = scope->Bind(pattern ? PatternOf(*value) : value->text);
  return fmt::format("{} {} {}::text", text, Operator(*bound.target.type, op), wanted);
}

// A name that can stand in a statement as it is: english, pg_catalog.english.
bool IsPlainName(std::string_view name) {
  bool begins = true;
  int dots = 0;
  for (const char c : name) {
    const bool letter = text::IsLower(c) || c == '_';
    const bool inside = !begins && (text::IsDigit(c) || (c == '.' && ++dots == 1));
    if (!letter && !inside) return false;
    begins = c == '.';
  }
  return !begins;
}

// The configuration as the first argument of a function of text search: "'english'::pg_catalog.regconfig, ". Empty: the
// call names none. The index of to_tsvector('english', body) serves only where the statement has the same constant; so
// a plain name stands in its text.
absl::StatusOr<std::string> Configuration(const Bound& bound, FilterScope* scope) {
  if (bound.call.arguments.size() < 2) return "";
  ASSIGN_OR_RETURN(const Literal* const name, ValueOf(bound, 1, scope));
  // PostgreSQL takes a number for the OID of one, and "-" for none.
  if (name->text.empty() || name->text == "-" || text::IsDigit(name->text.front())) {
    return scope->Error(name->offset, fmt::format("expected the name of a text search configuration, found {}",
                                                  text::Excerpt(name->text)));
  }
  if (IsPlainName(name->text)) return fmt::format("'{}'::pg_catalog.regconfig, ", name->text);
  return scope->Bind(name->text) + "::pg_catalog.regconfig, ";
}

absl::StatusOr<std::string> Search(const Bound& bound, FilterScope* scope) {
  const Target& target = bound.target;
  const Type& type = *target.type;
  const bool vector = type.text == Text::kVector && !type.repeated;
  const bool whole_json = type.kind == Kind::kJson && !type.repeated && target.json.empty();
  ASSIGN_OR_RETURN(const std::string configuration, Configuration(bound, scope));
  std::string searched = target.sql;
  if (!vector && !whole_json) {
    ASSIGN_OR_RETURN(searched, TextOf(bound, scope));
  }
  ASSIGN_OR_RETURN(const Literal* const words, ValueOf(bound, 0, scope));
  if (!vector) searched = fmt::format("pg_catalog.to_tsvector({}{})", configuration, searched);
  return fmt::format("{} OPERATOR(pg_catalog.@@) pg_catalog.websearch_to_tsquery({}{}::text)", searched, configuration,
                     scope->Bind(words->text));
}

constexpr Function kFunctions[] = {
    {"like", 1, R"(like(name, "Li%"))", [](auto& b, auto* s) { return Match("LIKE", /*pattern=*/true, b, s); }},
    {"ilike", 1, R"(ilike(name, "li%"))", [](auto& b, auto* s) { return Match("ILIKE", /*pattern=*/true, b, s); }},
    {"matches", 1, R"(matches(name, "^L"))", [](auto& b, auto* s) { return Match("~", /*pattern=*/false, b, s); }},
    {"imatches", 1, R"(imatches(name, "^l"))", [](auto& b, auto* s) { return Match("~*", /*pattern=*/false, b, s); }},
    {"search", 2, R"(search(body, "cat dog", "english"))", Search},
    {"contains", 1, R"(contains(tags, ["a", "b"]))",
     [](auto& b, auto* s) { return CompileContainment(Containment::kContains, b.call, b.target, s); }, true},
    {"within", 1, R"x(within(during, "[2024-01-01,2025-01-01)"))x",
     [](auto& b, auto* s) { return CompileContainment(Containment::kWithin, b.call, b.target, s); }, true},
    {"overlaps", 1, R"x(overlaps(during, "[2024-01-01,2025-01-01)"))x",
     [](auto& b, auto* s) { return CompileContainment(Containment::kOverlaps, b.call, b.target, s); }, true},
};

absl::Status UnknownFunction(const Name& name, const FilterScope& scope) {
  std::vector<std::string_view> names;
  for (const Function& function : kFunctions) names.emplace_back(function.name);
  return scope.Error(name.offset,
                     fmt::format("unknown function {}{}", text::Excerpt(name.text), Suggest(name.text, names)));
}

}  // namespace

absl::StatusOr<std::string> CompileCall(const Call& call, bool negated, FilterScope* scope) {
  const Name& name = call.function;
  const auto* const function = std::ranges::find_if(
      kFunctions, [&name](const Function& one) { return std::string_view(one.name) == name.text; });
  if (function == std::end(kFunctions)) return UnknownFunction(name, *scope);
  const std::size_t count = call.arguments.size();
  if (count == 0 || count > function->most) {
    return scope->Error(name.offset, fmt::format("expected {} after the field of {}(), found {}: {}",
                                                 function->most == 1 ? "one argument" : "one or two arguments",
                                                 name.text, count, function->example));
  }
  ASSIGN_OR_RETURN(const Target target, scope->Resolve(call.path));
  if (target.type == nullptr) {
    return scope->Error(call.path.back().offset,
                        fmt::format("{}() takes a field, and {} is a relation: expected a field of {}", name.text,
                                    text::Excerpt(target.name), target.hops.back().target->message));
  }
  ASSIGN_OR_RETURN(const std::string condition, function->compile({call, target}, scope));
  // What a repeated field or a JSON value has is never NULL.
  const bool has = function->containment && (target.type->repeated || target.type->kind == Kind::kJson);
  return OnRow(target, condition, has ? OfNull::kFalse : OfNull::kNull, negated, *scope);
}

}  // namespace protogres::sql
