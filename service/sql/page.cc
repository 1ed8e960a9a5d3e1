#include "sql/page.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "sql/clause.h"

namespace protogres::sql {
namespace {

using contract::Field;
using contract::Table;
using By = SortKey::By;

// The key as the token has it, such that PostgreSQL reads back the same value.
std::string TokenColumn(const Table& table, const RowOrder& order, const SortKey& key) {
  if (key.by == By::kValue) {
    return SortSql(table, order, key) + SortField(table, order, key).type.read_cast + "::text";
  }
  if (key.by == By::kText) return Column(table.field(key.field)) + "::text";
  return SortSql(table, order, key) + "::text";
}

// $n as a value of the key.
std::string TokenValue(const Table& table, const RowOrder& order, const SortKey& key, int n) {
  switch (key.by) {
    case By::kValue:
      return Exactly(SortField(table, order, key).type, n);
    case By::kTable:
      return fmt::format("${}::oid", n);
    case By::kRow:
      return fmt::format("${}::tid", n);
    default:
      return fmt::format("${}::text", n);
  }
}

// Whether a column's text in a row is that of TokenColumn: it is not of types that have a cast to text of their own.
bool IsTokenText(const Field& field) {
  const contract::Type& type = field.type;
  if (type.repeated || !BuiltIn(type) || !type.orderable) return false;
  return type.kind == contract::Kind::kInt32 || type.kind == contract::Kind::kInt64 ||
         type.kind == contract::Kind::kTimestamp || type.text == contract::Text::kUuid ||
         type.element_sql_type == R"("pg_catalog"."text")" || type.element_sql_type == R"("pg_catalog"."varchar")";
}

// One key of the order, and its value in the row that the page before ended with.
struct Bound {
  std::string sql;
  std::string value;  // "$3::type"; empty: NULL
  bool descending = false;
  const contract::Type* type = nullptr;  // By::kValue
  bool never_null = true;

  std::string Is(std::string_view op) const {
    return fmt::format("{} {} {}", sql, type == nullptr || type->repeated ? std::string(op) : Operator(*type, op),
                       value);
  }
  // It compares with PostgreSQL's own operators, which a row comparison looks for.
  bool Plain(std::string_view op) const { return type == nullptr || Operator(*type, op) == op; }
  std::string IsNull(bool present) const {
    if (type != nullptr) return Presence(sql, *type, present);
    return fmt::format("{} IS {}NULL", sql, present ? "NOT " : "");
  }
  // The condition of rows that come later by this key. NULLs sort as greater than all values. Empty: no row does.
  std::string After() const {
    if (value.empty()) return descending ? IsNull(true) : "";
    if (descending) return Is("<");
    if (never_null) return Is(">");
    return fmt::format("({} OR {})", Is(">"), IsNull(false));
  }
  std::string Same() const { return value.empty() ? IsNull(false) : Is("="); }
  // What is true of the same and of later rows, where it is one comparison that an index can begin at; else empty.
  std::string SameOrAfter() const {
    if (value.empty() || (!descending && !never_null)) return "";
    return Is(descending ? "<=" : ">=");
  }
};

// (a, b) > ($1, $2): what an index on (a, b) can begin at. Only where all go one way and none is NULL.
std::string RowComparison(const std::vector<Bound>& bounds) {
  std::string columns, values;
  const std::string_view direction = bounds.front().descending ? "<" : ">";
  for (const Bound& bound : bounds) {
    if (!bound.never_null || bound.value.empty() || bound.descending != bounds.front().descending ||
        !bound.Plain(direction)) {
      return "";
    }
    columns += (columns.empty() ? "" : ", ") + bound.sql;
    values += (values.empty() ? "" : ", ") + bound.value;
  }
  return fmt::format("({}) {} ({})", columns, direction, values);
}

// a > $1 OR (a = $1 AND (b > $2 OR ...)), from the last key to the first.
std::string Expanded(const std::vector<Bound>& bounds) {
  std::string rest;  // the rows that are the same so far, and later; empty: none
  for (auto bound = bounds.rbegin(); bound != bounds.rend(); ++bound) {
    const std::string after = bound->After();
    std::string same;
    if (!rest.empty()) same = fmt::format("{} AND {}", bound->Same(), rest);
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

// The condition of the rows after one with these values. Its parameters are appended.
std::string After(const Table& table, const RowOrder& order, const std::vector<Param>& values,
                  std::vector<Param>* params) {
  std::vector<Bound> bounds;
  for (std::size_t i = 0; i < order.keys.size(); ++i) {
    const SortKey& key = order.keys[i];
    Bound bound{.sql = SortSql(table, order, key), .value = "", .descending = key.descending};
    if (key.by == By::kValue) bound.type = &SortField(table, order, key).type;
    // There may be no row that is joined.
    if (key.field >= 0) bound.never_null = key.join < 0 && table.field(key.field).never_null;
    if (values[i].has_value()) {
      params->push_back(values[i]);
      bound.value = TokenValue(table, order, key, static_cast<int>(params->size()));
    }
    bounds.push_back(std::move(bound));
  }
  const std::string row = RowComparison(bounds);
  return row.empty() ? Expanded(bounds) : row;
}

// " AS name", a name that none of the table's columns has. PostgreSQL names a cast by the column in it. Where an
// extension that distributes tables writes t."value" as value again, ORDER BY would find the cast instead of the
// column, or both.
std::string AsOwn(const Table& table, std::size_t position) {
  std::string name = fmt::format("protogres_{}", position);
  while (std::ranges::find(table.fields, name, &Field::column) != table.fields.end()) name += '_';
  return " AS " + name;
}

// The projection's columns, then those that only the token needs.
std::string PageList(const Table& table, const Projection& projection, const RowOrder& order) {
  std::string list;
  std::size_t position = 0;
  const auto add = [&](const std::string& column, bool own) {
    if (!list.empty()) list += ", ";
    list += column;
    if (own) list += AsOwn(table, position);
    ++position;
  };
  for (const int field : projection.fields) {
    const Field& read = table.field(field);
    add(ReadColumn(read), read.computed() || !read.type.read_cast.empty());
  }
  if (projection.etag) add(table.has_etag ? Etag() : "NULL::text", true);
  for (const int field : projection.links) add(ReadColumn(table.field(field)), true);
  const std::vector<std::size_t> columns = TokenColumns(table, projection, order);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] >= position) add(TokenColumn(table, order, order.keys[i]), true);
  }
  return list.empty() ? "1" : list;
}

}  // namespace

bool FitsToken(const std::vector<Param>& values) {
  std::size_t bytes = 0;
  for (const Param& value : values) bytes += value.has_value() ? value->size() : 0;
  return bytes <= kMaxPositionBytes;
}

std::vector<std::size_t> TokenColumns(const Table& table, const Projection& projection, const RowOrder& order) {
  std::vector<std::size_t> columns;
  if (!order.seekable) return columns;
  const std::vector<int>& fields = projection.fields;
  std::size_t next = fields.size() + (projection.etag ? 1 : 0) + projection.links.size();
  for (const SortKey& key : order.keys) {
    const auto own = key.join < 0 ? std::ranges::find(fields, key.field) : fields.end();
    const bool there = key.by == By::kValue && own != fields.end() && IsTokenText(table.field(key.field));
    columns.push_back(there ? static_cast<std::size_t>(own - fields.begin()) : next++);
  }
  return columns;
}

Statement SelectPage(const Table& table, const Projection& projection, const RowOrder& order,
                     const Statement& condition, bool show_deleted, const Position* after,
                     std::optional<std::int64_t> limit) {
  Statement statement;
  statement.params = condition.params;
  std::string sorted = OrderSql(table, order);
  if (!sorted.empty()) sorted.insert(0, " ORDER BY ");
  std::string position;
  if (after != nullptr && !after->values.empty()) position = After(table, order, after->values, &statement.params);
  statement.text = fmt::format(
      "SELECT {} FROM {} AS t{}{}{}", PageList(table, projection, order), table.sql_name, order.joins.Sql(show_deleted),
      Where({Parenthesized(condition.text), show_deleted ? "" : Live(table), position}), sorted);
  const auto add = [&statement](std::string_view clause, std::int64_t value) {
    statement.params.push_back(std::to_string(value));
    statement.text += fmt::format(" {} ${}::int8", clause, statement.params.size());
  };
  if (limit.has_value()) add("LIMIT", *limit);
  if (after != nullptr && after->skip > 0) add("OFFSET", after->skip);
  return statement;
}

Statement SelectCount(const Table& table, const Statement& condition, bool show_deleted) {
  return {fmt::format("SELECT count(*) FROM {} AS t{}", table.sql_name,
                      Where({Parenthesized(condition.text), show_deleted ? "" : Live(table)})),
          condition.params};
}

}  // namespace protogres::sql
