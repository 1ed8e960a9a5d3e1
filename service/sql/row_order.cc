#include "sql/row_order.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "fmt/format.h"
#include "sql/clause.h"

namespace protogres::sql {
namespace {

using contract::Field;
using contract::Kind;
using contract::Table;
using contract::Type;
using By = SortKey::By;

// Types of strings whose equal values have the same text form.
constexpr std::string_view kExactStrings[] = {
    R"("pg_catalog"."date")",     R"("pg_catalog"."time")", R"("pg_catalog"."timetz")", R"("pg_catalog"."macaddr")",
    R"("pg_catalog"."macaddr8")", R"("pg_catalog"."inet")", R"("pg_catalog"."cidr")",   R"("pg_catalog"."uuid")"};

// Equal values are the same in their text form, unlike 1 and 1.0 of numeric, and they have an order.
bool IsExact(const Type& type) {
  if (type.repeated || !type.orderable) return false;
  switch (type.kind) {
    case Kind::kInt32:
    case Kind::kInt64:
    case Kind::kUint32:
    case Kind::kBool:
    case Kind::kBytes:
    case Kind::kTimestamp:
    case Kind::kEnum:
      return true;
    case Kind::kString:
      return std::ranges::find(kExactStrings, type.element_sql_type) != std::end(kExactStrings);
    default:
      return false;
  }
}

// Types that are sorted by their bytes. By a collation, values that are not the same may be equal.
bool IsText(const Type& type) {
  return !type.repeated &&
         (type.element_sql_type == R"("pg_catalog"."text")" || type.element_sql_type == R"("pg_catalog"."varchar")");
}

// NULL where there is no row that is joined: the function of a computed column is not called with none, of which it may
// make a value or an error.
std::string ValueOf(const Field& field, const Joins& joins, int join) {
  const std::string value = Column(field, Joins::Alias(join));
  if (join < 0 || !field.computed()) return value;
  const Hop hop = joins.PathOf(join).back();
  const Field& joined = hop.target->field(hop.relation->target_fields.front());
  return fmt::format("(CASE WHEN {} IS NOT NULL THEN {} END)", Column(joined, Joins::Alias(join)), value);
}

bool Names(const std::vector<SortKey>& keys, int field) {
  return std::ranges::any_of(keys, [field](const SortKey& key) { return key.field == field && key.join < 0; });
}

void AddColumns(const Table& table, const std::vector<int>& fields, RowOrder* order) {
  for (const int field : fields) {
    if (Names(order->keys, field)) continue;
    order->keys.push_back({.by = table.field(field).type.orderable ? By::kValue : By::kText, .field = field});
  }
}

// Columns that are cheap to compare come first. A column that each statement computes anew, for example an age, is
// sorted by its value and not by its text: the values of all rows move alike, so that their order stays.
void AddAll(const Table& table, RowOrder* order) {
  const int fields = static_cast<int>(table.fields.size());
  const std::vector<SortKey> named = order->keys;
  const auto is_named = [&named](int field) { return Names(named, field); };
  const auto is_left = [&](int field) { return table.field(field).in_row() && !is_named(field); };
  const auto add = [&](By by, const auto& suits) {
    for (int field = 0; field < fields; ++field) {
      if (is_left(field) && suits(table.field(field).type)) order->keys.push_back({.by = by, .field = field});
    }
  };
  add(By::kValue, IsExact);
  add(By::kText, IsText);
  add(By::kValue, [](const Type& type) { return type.orderable && !IsExact(type) && !IsText(type); });
  for (int field = 0; field < fields; ++field) {
    const Type& type = table.field(field).type;
    if (!IsExact(type) && (is_named(field) || (is_left(field) && !IsText(type)))) order->rest.push_back(field);
  }
  if (!order->rest.empty()) order->keys.push_back({.by = By::kRest});
  order->seekable = false;
}

}  // namespace

RowOrder NamedOrder(const std::vector<OrderTerm>& order_by) {
  RowOrder order;
  for (const OrderTerm& term : order_by) {
    order.keys.push_back({.field = term.field, .descending = term.descending, .join = order.joins.Add(term.path)});
  }
  return order;
}

RowOrder TotalOrder(const Table& table, const std::vector<OrderTerm>& order_by) {
  RowOrder order = NamedOrder(order_by);
  if (!table.key.empty() && table.key_unique) {
    AddColumns(table, table.key, &order);
  } else if (table.positioned) {
    AddColumns(table, table.key, &order);
    order.keys.push_back({.by = By::kTable});
    order.keys.push_back({.by = By::kRow});
  } else if (!table.distinct.empty()) {
    AddColumns(table, table.distinct, &order);
  } else {
    AddAll(table, &order);
  }
  return order;
}

const contract::Field& SortField(const Table& table, const RowOrder& order, const SortKey& key) {
  return key.join < 0 ? table.field(key.field) : order.joins.target(key.join).field(key.field);
}

std::string SortSql(const Table& table, const RowOrder& order, const SortKey& key) {
  switch (key.by) {
    case By::kValue:
      return ValueOf(SortField(table, order, key), order.joins, key.join);
    case By::kText:
      return fmt::format("({}::text COLLATE \"C\")", Column(table.field(key.field)));
    case By::kTable:
      return "t.tableoid";
    case By::kRow:
      return "t.ctid";
    case By::kRest:
      break;
  }
  std::string columns;
  for (const int field : order.rest) columns += (columns.empty() ? "" : ", ") + Column(table.field(field));
  return fmt::format("(ROW({})::text COLLATE \"C\")", columns);
}

std::string OrderSql(const Table& table, const RowOrder& order) {
  std::string sql;
  for (const SortKey& key : order.keys) {
    sql += fmt::format("{}{}{}", sql.empty() ? "" : ", ", SortSql(table, order, key), key.descending ? " DESC" : "");
  }
  return sql;
}

}  // namespace protogres::sql
