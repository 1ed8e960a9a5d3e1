#include "sql/call.h"

#include <algorithm>
#include <string>

#include "fmt/format.h"
#include "sql/clause.h"
#include "sql/row_order.h"
#include "text/quote.h"

namespace protogres::sql {
namespace {

using contract::Argument;
using contract::Function;

// What a call gives in the place of an argument, of exactly its type: 0, the DEFAULT of a numeric one, would else
// choose the overload for integers.
std::string Typed(const std::string& sql, const Argument& argument) {
  return fmt::format("{}::{}", sql, argument.field.type.sql_type);
}

// "schema"."function"($1::type, "name" => $2::type). Arguments are named, so that those in between can take their
// DEFAULT; only those up to the last that has no name are not. Where overloads might take a call without an argument
// for their own, it stands before others without a name, or is VARIADIC, the expression of its DEFAULT is given.
std::string Invoked(const Function& function, const Given& given, std::vector<Param>* params) {
  std::size_t unnamed = 0;  // so many cannot be given by name
  for (std::size_t i = 0; i < function.arguments.size(); ++i) {
    if (function.arguments[i].field.column.empty()) unnamed = i + 1;
  }
  std::string list;
  for (std::size_t i = 0; i < function.arguments.size(); ++i) {
    const Argument& argument = function.arguments[i];
    std::string value;
    if (argument.out) {
      value = Typed("NULL", argument);
    } else if (given[i].has_value()) {
      params->push_back(*given[i]);
      value = Exactly(argument.field.type, static_cast<int>(params->size()));
    } else if (function.overloaded || argument.variadic || i < unnamed) {
      value = Typed("(" + argument.default_sql + ")", argument);
    } else {
      continue;
    }
    if (!list.empty()) list += ", ";
    if (argument.variadic) list += "VARIADIC ";
    if (i >= unnamed) list += text::QuoteName(argument.field.column) + " => ";
    list += value;
  }
  return fmt::format("{}({})", function.sql_name, list);
}

// The alias, with names for the columns where the function may have none.
std::string Alias(const Function& function) {
  if (function.aliases.empty()) return "t";
  std::string names;
  for (const std::string& alias : function.aliases) names += (names.empty() ? "" : ", ") + text::QuoteName(alias);
  return fmt::format("t({})", names);
}

// PostgreSQL leaves out a function of which no row can meet the condition: where that is FALSE, or a join with rows of
// which there are none. What writes must run nevertheless, so that the condition must not be known before its rows are.
std::string OnRowsOf(const Function& function, const std::string& condition) {
  if (!function.writes || condition.empty()) return condition;
  return fmt::format("CASE WHEN {} THEN TRUE ELSE pg_catalog.clock_timestamp() IS NULL END", condition);
}

}  // namespace

int ParamsOf(const Given& given) {
  return static_cast<int>(std::ranges::count_if(given, [](const auto& value) { return value.has_value(); }));
}

Statement SelectFrom(const Function& function, const Given& given, const CallRows& rows) {
  Statement statement;
  const std::string invoked = Invoked(function, given, &statement.params);
  statement.params.insert(statement.params.end(), rows.condition.params.begin(), rows.condition.params.end());
  const RowOrder order = NamedOrder(rows.order);
  std::string sorted = OrderSql(rows.table, order);
  if (!sorted.empty()) sorted.insert(0, " ORDER BY ");
  statement.text =
      fmt::format("SELECT {} FROM {} AS {}{}{}{}", SelectList(rows.table, rows.projection), invoked, Alias(function),
                  order.joins.Sql(/*show_deleted=*/false), Where({OnRowsOf(function, rows.condition.text)}), sorted);
  return statement;
}

Statement Call(const Function& procedure, const Given& given) {
  Statement statement;
  statement.text = "CALL " + Invoked(procedure, given, &statement.params);
  return statement;
}

}  // namespace protogres::sql
