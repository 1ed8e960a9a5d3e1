// Makes the order of a List total, so that there is one place where a page begins. Pure.
#ifndef PROTOGRES_SERVICE_SQL_ROW_ORDER_H_
#define PROTOGRES_SERVICE_SQL_ROW_ORDER_H_

#include <string>
#include <vector>

#include "contract/contract.h"
#include "sql/filter.h"
#include "sql/through.h"

namespace protogres::sql {

struct SortKey {
  enum class By {
    kValue,  // a column
    kText,   // a column's text form, bytewise
    kTable,  // tableoid
    kRow,    // ctid
    kRest,   // RowOrder::rest, bytewise by their text forms
  };
  By by = By::kValue;
  int field = -1;  // kValue, kText: index into Table::fields
  bool descending = false;
  int join = -1;  // kValue: of RowOrder::joins, whose table the field is of; -1: it is of the rows themselves

  bool operator==(const SortKey&) const = default;
};

struct RowOrder {
  std::vector<SortKey> keys;
  Joins joins;            // which the statement must have after its table, for `keys`
  std::vector<int> rest;  // indexes into Table::fields
  // True: no two rows are equal in all keys, as PostgreSQL compares them. So the values of a row are its position, and
  // the rows after it can be asked for. False: rows that are equal in all keys have the same text form of each column,
  // and a position is the number of rows before it.
  bool seekable = true;

  bool operator==(const RowOrder&) const = default;
};

// `order_by`, then what tells the rows of the relation apart: the key, else tableoid and ctid, else the columns of a
// view's GROUP BY, else all columns.
RowOrder TotalOrder(const contract::Table& table, const std::vector<OrderTerm>& order_by);

// Only `order_by`.
RowOrder NamedOrder(const std::vector<OrderTerm>& order_by);

// The field of a key that has one.
const contract::Field& SortField(const contract::Table& table, const RowOrder& order, const SortKey& key);
// The SQL expression that a key sorts by, without a direction.
std::string SortSql(const contract::Table& table, const RowOrder& order, const SortKey& key);
// What follows ORDER BY: t."created_at" DESC, t."id". Empty: the order has no keys.
std::string OrderSql(const contract::Table& table, const RowOrder& order);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_ROW_ORDER_H_
