#include "sql/page.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "sql/clause.h"

namespace protogres::sql {
namespace {

using contract::Field;
using contract::Table;

const Field& FieldOf(const Table& table, const OrderTerm& term) {
  return table.fields[static_cast<std::size_t>(term.field)];
}

// What rows are ordered by: the column, or its text form, bytewise, where the type has no order.
std::string Sorted(const Field& field) {
  return field.type.orderable ? Column(field) : fmt::format("({}::text COLLATE \"C\")", Column(field));
}

// The column as the token has it, such that PostgreSQL reads back the same value.
std::string TokenColumn(const Field& field) {
  return (field.type.orderable ? ReadColumn(field) : Column(field)) + "::text";
}

// Whether a column's text in a row is that of TokenColumn: it is not of types that have a cast to text of their own.
bool IsTokenText(const Field& field) {
  const contract::Type& type = field.type;
  if (type.repeated || !BuiltIn(type) || !type.orderable) return false;
  return type.kind == contract::Kind::kInt32 || type.kind == contract::Kind::kInt64 ||
         type.kind == contract::Kind::kTimestamp || type.text == contract::Text::kUuid ||
         type.element_sql_type == R"("pg_catalog"."text")" || type.element_sql_type == R"("pg_catalog"."varchar")";
}

// One column of the order, and its value in the row that the page before ended with.
struct Bound {
  std::string sql;
  std::string value;  // "$3::type"; empty: NULL
  bool descending = false;
  const Field* field = nullptr;

  std::string Is(std::string_view op) const {
    const bool as_text = !field->type.orderable || field->type.repeated;
    return fmt::format("{} {} {}", sql, as_text ? std::string(op) : Operator(field->type, op), value);
  }
  // The condition of rows that come later by this column. NULLs sort as greater than all values. Empty: no row does.
  std::string After() const {
    if (value.empty()) return descending ? Presence(sql, field->type, true) : "";
    if (descending) return Is("<");
    if (field->not_null) return Is(">");
    return fmt::format("({} OR {})", Is(">"), Presence(sql, field->type, false));
  }
  std::string Same() const { return value.empty() ? Presence(sql, field->type, false) : Is("="); }
  // What is true of the same and of later rows, where it is one comparison that an index can begin at; else empty.
  std::string SameOrAfter() const {
    if (value.empty() || (!descending && !field->not_null)) return "";
    return Is(descending ? "<=" : ">=");
  }
};

// (a, b) > ($1, $2): what an index on (a, b) can begin at. Only where all go one way and none is NULL.
std::string RowComparison(const std::vector<Bound>& bounds, bool or_same) {
  std::string columns, values;
  const std::string_view direction = bounds.front().descending ? "<" : ">";
  for (const Bound& bound : bounds) {
    if (!bound.field->not_null || !bound.field->type.orderable || bound.value.empty() ||
        bound.descending != bounds.front().descending || Operator(bound.field->type, direction) != direction) {
      return "";
    }
    columns += (columns.empty() ? "" : ", ") + bound.sql;
    values += (values.empty() ? "" : ", ") + bound.value;
  }
  return fmt::format("({}) {}{} ({})", columns, direction, or_same ? "=" : "", values);
}

// a > $1 OR (a = $1 AND (b > $2 OR ...)), from the last column to the first.
std::string Expanded(const std::vector<Bound>& bounds, bool or_same) {
  std::string rest = or_same ? "TRUE" : "";  // the rows that are the same so far; empty: none of them
  for (auto bound = bounds.rbegin(); bound != bounds.rend(); ++bound) {
    const std::string after = bound->After();
    std::string same;
    if (!rest.empty()) same = rest == "TRUE" ? bound->Same() : fmt::format("{} AND {}", bound->Same(), rest);
    if (after.empty() && same.empty()) {
      rest.clear();
    } else if (after.empty() || same.empty()) {
      rest = fmt::format("({}{})", after, same);
    } else {
      rest = fmt::format("({} OR ({}))", after, same);
    }
  }
  if (rest.empty()) return "FALSE";
  return bounds.size() == 1 ? rest : And({bounds.front().SameOrAfter(), rest});
}

// The condition of the rows after `position`, or from it on. Its parameters are appended.
std::string After(const Table& table, const std::vector<OrderTerm>& order, const Position& position, bool or_same,
                  std::vector<Param>* params) {
  std::vector<Bound> bounds;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Field& field = FieldOf(table, order[i]);
    Bound bound{Sorted(field), "", order[i].descending, &field};
    if (position.values[i].has_value()) {
      params->push_back(position.values[i]);
      const int n = static_cast<int>(params->size());
      bound.value = field.type.orderable ? Exactly(field.type, n) : fmt::format("${}::text", n);
    }
    bounds.push_back(std::move(bound));
  }
  if (bounds.empty()) return "";
  const std::string row = RowComparison(bounds, or_same);
  return row.empty() ? Expanded(bounds, or_same) : row;
}

std::string Parenthesized(const std::string& condition) { return condition.empty() ? "" : "(" + condition + ")"; }

}  // namespace

std::vector<OrderTerm> TotalOrder(const Table& table, const std::vector<OrderTerm>& order_by) {
  std::vector<OrderTerm> order = order_by;
  const auto add = [&order](int field) {
    if (std::ranges::find(order, field, &OrderTerm::field) == order.end()) order.push_back({field, false});
  };
  for (const int field : table.key) add(field);
  if (table.key.empty()) {
    for (int field = 0; field < static_cast<int>(table.fields.size()); ++field) add(field);
  }
  return order;
}

std::vector<std::size_t> TokenColumns(const Table& table, const Projection& projection,
                                      const std::vector<OrderTerm>& order) {
  const std::vector<int>& fields = projection.fields;
  std::size_t next = fields.size() + (projection.etag ? 1 : 0);
  std::vector<std::size_t> columns;
  for (const OrderTerm& term : order) {
    const auto own = std::ranges::find(fields, term.field);
    const bool there = own != fields.end() && IsTokenText(FieldOf(table, term));
    columns.push_back(there ? static_cast<std::size_t>(own - fields.begin()) : next++);
  }
  return columns;
}

Statement SelectPage(const Table& table, const Projection& projection, const std::vector<OrderTerm>& order,
                     const Statement& condition, bool show_deleted, const Position* after,
                     std::optional<std::int64_t> limit) {
  Statement statement;
  statement.params = condition.params;
  const bool keyless = table.key.empty();
  std::string list = projection.fields.empty() && !projection.etag ? "" : SelectList(table, projection);
  std::string sorted;
  const std::vector<std::size_t> columns = TokenColumns(table, projection, order);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const OrderTerm& term = order[i];
    const Field& field = FieldOf(table, term);
    if (columns[i] >= projection.fields.size()) list += (list.empty() ? "" : ", ") + TokenColumn(field);
    sorted +=
        fmt::format("{}{}{}", sorted.empty() ? " ORDER BY " : ", ", Sorted(field), term.descending ? " DESC" : "");
  }
  std::string position;
  if (after != nullptr) {
    position = After(table, order, *after, keyless, &statement.params);
    if (keyless && limit.has_value()) *limit += after->repeats;
  }
  statement.text =
      fmt::format("SELECT {} FROM {} AS t{}{}", list, table.sql_name,
                  Where({Parenthesized(condition.text), show_deleted ? "" : Live(table), position}), sorted);
  if (!limit.has_value()) return statement;
  statement.params.push_back(std::to_string(*limit));
  statement.text += fmt::format(" LIMIT ${}::int8", statement.params.size());
  return statement;
}

Statement SelectCount(const Table& table, const Statement& condition, bool show_deleted) {
  return {fmt::format("SELECT count(*) FROM {} AS t{}", table.sql_name,
                      Where({Parenthesized(condition.text), show_deleted ? "" : Live(table)})),
          condition.params};
}

}  // namespace protogres::sql
