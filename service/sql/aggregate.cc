#include "sql/aggregate.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include "fmt/format.h"
#include "sql/clause.h"
#include "sql/lexer.h"
#include "sql/row_order.h"
#include "sql/suggest.h"
#include "status/macros.h"
#include "status/status.h"
#include "text/excerpt.h"

namespace protogres::sql {
namespace {

using contract::AggregateKind;
using contract::Field;
using contract::Kind;
using contract::Table;
using contract::Type;

constexpr AggregateKind kKinds[] = {AggregateKind::kCount, AggregateKind::kSum, AggregateKind::kAverage,
                                    AggregateKind::kMin, AggregateKind::kMax};

constexpr PathUse kUse = {"grouped by", "its own rows are grouped by the Aggregate of their table"};

// From the largest to the smallest; a date has those to "day".
constexpr std::string_view kCuts[] = {"year", "quarter", "month", "week", "day", "hour", "minute"};
constexpr std::size_t kDateCuts = 5;

bool IsDate(const Type& type) { return type.sql_type == R"("pg_catalog"."date")" && !type.repeated; }

bool IsUuid(const Type& type) { return type.text == contract::Text::kUuid && !type.repeated; }

// The field of this name. Error: there is none, or it cannot be read.
absl::StatusOr<int> FindField(const Table& table, std::string_view name) {
  const auto field = std::ranges::find(table.fields, name, &Field::name);
  if (field == table.fields.end()) {
    return absl::InvalidArgumentError(
        fmt::format("unknown field {}{}", text::Excerpt(name), SuggestField(name, table.fields, table.relations)));
  }
  if (!field->readable) return absl::InvalidArgumentError(InputOnly(name));
  return static_cast<int>(field - table.fields.begin());
}

absl::StatusOr<std::string_view> CutOf(const Field& field, std::string_view name) {
  const bool date = IsDate(field.type);
  if (!date && (field.type.kind != Kind::kTimestamp || field.type.repeated)) {
    return absl::InvalidArgumentError(
        fmt::format("only timestamps and dates are cut to a unit, and {} is of the type {}; members of a field cannot "
                    "be grouped by",
                    text::Excerpt(field.name), field.type.sql_type));
  }
  const std::vector<std::string_view> cuts(kCuts, date ? kCuts + kDateCuts : std::end(kCuts));
  const auto cut = std::ranges::find(cuts, name);
  if (cut != cuts.end()) return *cut;
  return absl::InvalidArgumentError(fmt::format("expected one of {} after {}, found {}", fmt::join(cuts, ", "),
                                                text::Excerpt(field.name + "."), text::Excerpt(name)));
}

absl::StatusOr<GroupTerm> ParseGroup(const contract::Contract& contract, const Table& table, std::string_view path,
                                     int max_depth) {
  ASSIGN_OR_RETURN(ToOnePath named, TakeToOne(contract, table, path, max_depth, kUse));
  GroupTerm group{.field = 0, .cut = "", .path = std::move(named.hops)};
  const std::size_t dot = named.rest.find('.');
  ASSIGN_OR_RETURN(group.field, FindField(group.TableOf(table), named.rest.substr(0, dot)));
  const Field& field = group.TableOf(table).field(group.field);
  if (dot != std::string_view::npos) {
    ASSIGN_OR_RETURN(group.cut, CutOf(field, named.rest.substr(dot + 1)));
  }
  if (field.type.kind == Kind::kJson || !field.type.orderable) {
    return absl::InvalidArgumentError(fmt::format("{} is of the type {}, whose values cannot be grouped by",
                                                  text::Excerpt(path), field.type.sql_type));
  }
  return group;
}

constexpr char kExpected[] = "expected count(), or sum, average, min or max of a field, as sum(price)";

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

absl::StatusOr<AggregateTerm> ParseAggregate(const Table& table, std::string_view text) {
  const std::string_view call = Trimmed(text);
  const std::size_t open = call.find('(');
  const bool closed = call.ends_with(')') && open != std::string_view::npos;
  const std::string_view name = Trimmed(call.substr(0, open));
  const auto* const kind = std::ranges::find(kKinds, name, contract::NameOf);
  if (!closed || kind == std::end(kKinds)) {
    return absl::InvalidArgumentError(fmt::format("{}; found {}", kExpected, text::Excerpt(text)));
  }
  const std::string_view argument = Trimmed(call.substr(open + 1, call.size() - open - 2));
  AggregateTerm term{*kind, -1};
  if (*kind == AggregateKind::kCount) {
    if (argument.empty()) return term;
    return absl::InvalidArgumentError(fmt::format(
        "count() counts rows, and takes no field; to count those with a value, write {} != null into the filter",
        argument.size() < 64 ? argument : "it"));
  }
  if (argument.empty()) return absl::InvalidArgumentError(fmt::format("{}() takes a field, as {}(price)", name, name));
  ASSIGN_OR_RETURN(term.field, FindField(table, argument));
  const Field& field = table.field(term.field);
  if (!contract::AggregateType(*kind, field.type).has_value()) {
    return absl::InvalidArgumentError(
        fmt::format("{} is of the type {}, whose values have no {}", field.name, field.type.sql_type, name));
  }
  return term;
}

// What `parse` makes of each text of a field of the request.
template <typename Term, typename Parse>
absl::StatusOr<std::vector<Term>> ParseAll(const char* path, const std::vector<std::string>& texts,
                                           const Parse& parse) {
  std::vector<Term> terms;
  std::size_t hops = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string element = fmt::format("{}[{}]", path, i);
    if (const std::string fault = TextFault(texts[i]); !fault.empty()) return status::BadRequest(element, fault);
    const absl::StatusOr<Term> term = parse(texts[i]);
    if (!term.ok()) return status::BadRequest(element, std::string(term.status().message()));
    const bool twice = std::ranges::any_of(terms, [&term](const Term& other) {
      if constexpr (std::is_same_v<Term, GroupTerm>) return other.field == term->field && other.path == term->path;
      return other == *term;
    });
    if constexpr (std::is_same_v<Term, GroupTerm>) {
      hops += term->path.size();
      if (const absl::Status few = CheckHops(hops); !few.ok()) {
        return status::BadRequest(element, std::string(few.message()));
      }
    }
    if (twice) return status::BadRequest(element, fmt::format("{} is named twice", text::Excerpt(texts[i])));
    terms.push_back(*term);
  }
  return terms;
}

// date_trunc() of a timestamp is in UTC, whatever the session's time zone is.
std::string GroupSql(const Field& field, std::string_view cut, const std::string& column) {
  if (cut.empty()) return column;
  if (IsDate(field.type)) return fmt::format("pg_catalog.date_trunc('{}', {}::timestamp)::date", cut, column);
  if (field.type.zoned) return fmt::format("pg_catalog.date_trunc('{}', {}, 'UTC')", cut, column);
  return fmt::format("pg_catalog.date_trunc('{}', {})", cut, column);
}

// As order_by calls it: customer.country, created_at.month.
std::string NameOf(const GroupTerm& group, const Field& field) {
  std::string name;
  for (const Hop& hop : group.path) name += hop.relation->name + ".";
  name += field.name;
  return group.cut.empty() ? name : fmt::format("{}.{}", name, group.cut);
}

// What date_trunc() gives is a value of its own type, and maybe none of a domain over it.
Type GroupType(const Field& field, std::string_view cut) {
  Type type = field.type;
  if (cut.empty() || type.kind != Kind::kTimestamp) return type;
  type.sql_type = type.element_sql_type = type.zoned ? R"("pg_catalog"."timestamptz")" : R"("pg_catalog"."timestamp")";
  return type;
}

std::string AggregateSql(AggregateKind kind, const Field* field) {
  if (kind == AggregateKind::kCount) return "pg_catalog.count(*)";
  const Type& type = field->type;
  const std::string column = Column(*field);
  if (kind == AggregateKind::kSum || kind == AggregateKind::kAverage) {
    // The sum of real is a real, and that of money wraps around at its ends.
    const char* cast = type.kind == Kind::kFloat               ? "::float8"
                       : type.text == contract::Text::kNumeric ? "::numeric"
                                                               : "";
    return fmt::format("pg_catalog.{}({}{})", kind == AggregateKind::kSum ? "sum" : "avg", column, cast);
  }
  const std::string_view name = contract::NameOf(kind);
  // PostgreSQL has none of these by that name.
  if (type.kind == Kind::kBool && !type.repeated) {
    return fmt::format("pg_catalog.{}({})", kind == AggregateKind::kMin ? "bool_and" : "bool_or", column);
  }
  if (IsUuid(type)) return fmt::format("pg_catalog.{}({}::text COLLATE \"C\")::uuid", name, column);
  const bool own = !type.operator_schema.empty() && !type.repeated;
  // That of cidr is an inet, and that of regclass an oid, which look different as text.
  const bool other = type.kind == Kind::kString && type.text == contract::Text::kAny && BuiltIn(type) &&
                     !type.textual && !type.repeated;
  return fmt::format("{}.{}({}){}", own ? type.operator_schema : "pg_catalog", name, column,
                     other ? "::" + type.sql_type : "");
}

// A column of the SELECT, which is called by its place there.
Field ResultField(std::size_t place, std::string name, Type type) {
  Field field;
  field.name = std::move(name);
  field.column = fmt::format("c{}", place + 1);
  field.number = static_cast<int>(place) + 1;
  field.type = std::move(type);
  return field;
}

}  // namespace

absl::StatusOr<Aggregation> ParseAggregation(const contract::Contract& contract, const Table& table,
                                             const std::vector<std::string>& group_by,
                                             const std::vector<std::string>& aggregates, int max_depth) {
  Aggregation aggregation;
  ASSIGN_OR_RETURN(aggregation.groups, ParseAll<GroupTerm>("group_by", group_by, [&](std::string_view path) {
                     return ParseGroup(contract, table, path, max_depth);
                   }));
  ASSIGN_OR_RETURN(aggregation.aggregates,
                   ParseAll<AggregateTerm>("aggregates", aggregates,
                                           [&table](std::string_view text) { return ParseAggregate(table, text); }));
  if (group_by.empty() && aggregates.empty()) {
    return status::BadRequest("aggregates", fmt::format("is required where there is no group_by: {}", kExpected));
  }
  std::ranges::stable_sort(aggregation.aggregates, {}, &AggregateTerm::kind);
  return aggregation;
}

Table GroupsOf(const Table& table, const Aggregation& aggregation, const Statement& condition, bool show_deleted) {
  Table groups;
  groups.schema = table.schema;
  groups.name = table.name;
  std::string list, grouped;
  const auto add = [&](std::string name, Type type, const std::string& sql) {
    const std::size_t place = groups.fields.size();
    Field field = ResultField(place, std::move(name), std::move(type));
    list += fmt::format("{}{} AS {}", place == 0 ? "" : ", ", sql, field.column);
    groups.fields.push_back(std::move(field));
  };
  RowOrder order;  // of the groups' values, for its joins
  for (const GroupTerm& group : aggregation.groups) {
    const Field& field = group.TableOf(table).field(group.field);
    groups.key.push_back(static_cast<int>(groups.fields.size()));
    const SortKey key{.field = group.field, .join = order.joins.Add(group.path)};
    add(NameOf(group, field), GroupType(field, group.cut), GroupSql(field, group.cut, SortSql(table, order, key)));
    groups.fields.back().never_null = field.never_null && group.path.empty();
    grouped += fmt::format("{}{}", grouped.empty() ? " GROUP BY " : ", ", groups.fields.size());
  }
  for (const AggregateTerm& term : aggregation.aggregates) {
    const Field* const field = term.field < 0 ? nullptr : &table.field(term.field);
    std::string name(contract::NameOf(term.kind));
    if (field != nullptr) name += "." + field->name;
    // A field that has the name of an aggregate is told from it.
    const auto same = std::ranges::find(groups.fields, name, &Field::name);
    if (same != groups.fields.end()) same->name.insert(0, "group.");
    add(std::move(name), *contract::AggregateType(term.kind, field == nullptr ? Type{} : field->type),
        AggregateSql(term.kind, field));
    groups.fields.back().never_null = term.kind == AggregateKind::kCount;
  }
  groups.sql_name = fmt::format("(SELECT {} FROM {} AS t{}{}{})", list, table.sql_name, order.joins.Sql(show_deleted),
                                Where({Parenthesized(condition.text), show_deleted ? "" : Live(table)}), grouped);
  return groups;
}

}  // namespace protogres::sql
