#include "sql/statement.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "sql/clause.h"
#include "sql/key_join.h"
#include "text/quote.h"

namespace protogres::sql {
namespace {

using contract::Field;
using contract::Kind;
using contract::Table;

void Append(const Key& key, std::vector<Param>* params) { params->insert(params->end(), key.begin(), key.end()); }

// Adds the parameter and gives its number.
int Bind(Param value, std::vector<Param>* params) {
  params->push_back(std::move(value));
  return static_cast<int>(params->size());
}

// What an UPDATE sets the column to where the array that it is given is empty.
std::string Emptied(const Field& field, std::vector<Param>* params) {
  const std::string empty = Exactly(field.type, Bind(kEmptyArray, params));
  if (field.not_null || !field.readable) return empty;
  return fmt::format("CASE WHEN {} IS NOT NULL THEN {} END", Column(field), empty);
}

// What an existing row gets of `changed`: from `insert`, whose values are the first parameters, where it has it.
std::string TakenOver(const Field& field, const Assignment& changed, const Row& insert, std::vector<Param>* params) {
  const auto assigned = std::ranges::find(insert, changed.field, &Assignment::field);
  const bool empties = field.type.repeated && changed.value == kEmptyArray;
  if (empties) return Emptied(field, params);
  if (assigned == insert.end()) return Exactly(field.type, Bind(changed.value, params));
  // EXCLUDED is read as the table's own columns are.
  if (!field.readable) return Exactly(field.type, static_cast<int>(assigned - insert.begin()) + 1);
  return "EXCLUDED." + text::QuoteName(field.column);
}

// "a" = $1::..., "b" = $2::...
std::string Assignments(const Table& table, const Row& row, std::vector<Param>* params) {
  std::string text;
  for (const Assignment& assignment : row) {
    const Field& field = table.field(assignment.field);
    if (!text.empty()) text += ", ";
    const bool empties = field.type.repeated && assignment.value == kEmptyArray;
    text += fmt::format("{} = {}", text::QuoteName(field.column),
                        empties ? Emptied(field, params) : Exactly(field.type, Bind(assignment.value, params)));
  }
  return text;
}

std::string MarkDeleted(const Table& table) {
  const Field& field = table.field(*table.soft_delete);
  std::string_view value = "TRUE";
  if (field.type.kind != Kind::kBool) value = field.type.zoned ? "now()" : "(now() AT TIME ZONE 'UTC')";
  return fmt::format("{} = {}", text::QuoteName(field.column), value);
}

std::string MarkLive(const Table& table) {
  const Field& field = table.field(*table.soft_delete);
  return fmt::format("{} = {}", text::QuoteName(field.column), field.type.kind == Kind::kBool ? "FALSE" : "NULL");
}

std::string KeyMatches(const Table& table, const Key& key, std::vector<Param>* params) {
  std::string condition = KeyIs(table, static_cast<int>(params->size()) + 1);
  Append(key, params);
  return condition;
}

// Empty without an etag. A table without etags meets none, rather than ignoring the caller's condition.
std::string EtagMatches(const Table& table, const std::optional<std::string>& etag, std::vector<Param>* params) {
  if (!etag.has_value()) return "";
  if (!table.has_etag) return "FALSE";
  return fmt::format("{} = ${}::text", Etag(), Bind(*etag, params));
}

// UPDATE of one row by its key that also meets `state`.
Statement UpdateOne(const Table& table, const std::string& set, std::vector<Param> params, const Key& key,
                    const std::string& state, const std::optional<std::string>& etag, const Projection& projection) {
  const std::string matches = KeyMatches(table, key, &params);
  const std::string unchanged = EtagMatches(table, etag, &params);
  return {fmt::format("UPDATE {} AS t SET {}{}{}", table.sql_name, set, Where({matches, state, unchanged}),
                      Returning(table, projection)),
          std::move(params)};
}

// The row is one that the view shows: PostgreSQL adds a view's own condition to UPDATE and DELETE, but not to ON
// CONFLICT.
std::string Shown(const Table& table) {
  if (table.relation != catalog::RelationKind::kView) return "";
  std::string same;
  for (const int index : table.key) {
    const Field& field = table.field(index);
    if (!same.empty()) same += " AND ";
    same += fmt::format("v.{} {} {}", text::QuoteName(field.column),
                        field.type.repeated ? "=" : Operator(field.type, "="), Column(field));
  }
  return fmt::format("EXISTS (SELECT FROM {} AS v WHERE {})", table.sql_name, same);
}

// A column to write DEFAULT to in rows that assign nothing.
int AnyColumn(const Table& table) {
  const auto it = std::ranges::find_if(table.fields, &Field::insertable);
  return it == table.fields.end() ? 0 : static_cast<int>(it - table.fields.begin());
}

// A column that an UPDATE may set to itself: the key's first if it can be.
int AnyUpdatable(const Table& table) {
  if (table.field(table.key.front()).updatable) return table.key.front();
  const auto it =
      std::ranges::find_if(table.fields, [](const Field& field) { return field.updatable && field.readable; });
  return it == table.fields.end() ? table.key.front() : static_cast<int>(it - table.fields.begin());
}

}  // namespace

Projection Projection::All(const Table& table) {
  Projection projection;
  for (std::size_t i = 0; i < table.fields.size(); ++i) {
    if (table.fields[i].in_row()) projection.fields.push_back(static_cast<int>(i));
  }
  projection.etag = table.has_etag;
  return projection;
}

std::size_t Projection::ColumnOf(int field) const {
  const auto own = std::ranges::find(fields, field);
  if (own != fields.end()) return static_cast<std::size_t>(own - fields.begin());
  const auto link = std::ranges::find(links, field);
  return fields.size() + (etag ? 1 : 0) + static_cast<std::size_t>(link - links.begin());
}

std::string SelectByKey(const Table& table, const Projection& projection, bool show_deleted) {
  return fmt::format("SELECT {} FROM {} AS t{}", SelectList(table, projection), table.sql_name,
                     Where({KeyIs(table, 1), show_deleted ? "" : Live(table)}));
}

Statement SelectByKeys(const Table& table, const Projection& projection, bool show_deleted,
                       const std::vector<Key>& keys) {
  Statement statement;
  std::vector<KeyColumn> columns;
  for (const int index : table.key) columns.push_back({&table.field(index), &table.field(index), &table.field(index)});
  KeyJoin join = JoinKeys(table, columns, keys, &statement.params);
  if (!show_deleted) join.where.insert(join.where.begin(), Live(table));
  statement.text = fmt::format("SELECT k.n{} FROM {} JOIN {} AS t ON {}{} ORDER BY k.n", MoreColumns(table, projection),
                               join.from, table.sql_name, join.on, Where(join.where));
  return statement;
}

bool HasPlainKey(const Table& table) {
  if (table.key.size() != 1) return false;
  const contract::Type& type = table.field(table.key.front()).type;
  const bool integer = type.kind == Kind::kInt32 || type.kind == Kind::kInt64;
  return integer && !type.repeated && BuiltIn(type);
}

Statement SelectByAnyKey(const Table& table, const Projection& projection, bool show_deleted,
                         const std::vector<Key>& keys) {
  const Field& key = table.field(table.key.front());
  std::string values = "{";
  for (const Key& value : keys) {
    if (values.size() > 1) values += ',';
    values += value.front();
  }
  values += '}';
  return {fmt::format("SELECT {}{} FROM {} AS t{}", Column(key), MoreColumns(table, projection), table.sql_name,
                      Where({fmt::format("{} = ANY($1::{}[])", Column(key), key.type.sql_type),
                             show_deleted ? "" : Live(table)})),
          {std::move(values)}};
}

Statement Insert(const Table& table, const std::vector<Row>& rows, const Projection& projection) {
  std::set<int> columns;
  for (const Row& row : rows) {
    for (const Assignment& assignment : row) columns.insert(assignment.field);
  }
  Statement statement;
  std::string& text = statement.text;
  text = fmt::format("INSERT INTO {} AS t", table.sql_name);
  if (columns.empty() && rows.size() == 1) {
    text += " DEFAULT VALUES" + Returning(table, projection);
    return statement;
  }
  if (columns.empty()) columns.insert(AnyColumn(table));
  text += " (";
  for (const int column : columns) {
    if (text.back() != '(') text += ", ";
    text += text::QuoteName(table.field(column).column);
  }
  text += ") VALUES ";
  for (const Row& row : rows) {
    text += &row == &rows.front() ? "(" : ", (";
    for (const int column : columns) {
      if (text.back() != '(') text += ", ";
      const auto assignment = std::ranges::find(row, column, &Assignment::field);
      if (assignment == row.end()) {
        text += "DEFAULT";
      } else {
        text += Exactly(table.field(column).type, Bind(assignment->value, &statement.params));
      }
    }
    text += ')';
  }
  text += Returning(table, projection);
  return statement;
}

std::string KeepRow(const Table& table, const Projection& projection) {
  // IS NULL, so that the row does not come twice.
  return fmt::format(", pg_catalog.set_config('{}', ROW({})::pg_catalog.text, true) IS NULL", kKeptRow,
                     ReturnedColumns(table, projection));
}

std::string CountMet() {
  return "pg_catalog.set_config('protogres.met', "
         "pg_catalog.concat(pg_catalog.current_setting('protogres.met', true), '+'), true)";
}

Statement CheckMet(std::size_t rows) {
  return {
      "SELECT 1 OPERATOR(pg_catalog./) (CASE WHEN pg_catalog.concat(pg_catalog.current_setting('protogres.met', true)) "
      "OPERATOR(pg_catalog.=) $1::pg_catalog.text THEN 1 ELSE 0 END)",
      {std::string(rows, '+')}};
}

Statement Upsert(const Table& table, const Row& insert, const Row& update, const Projection& projection) {
  Statement statement;
  std::string columns, values, key, set;
  for (const Assignment& assignment : insert) {
    const Field& field = table.field(assignment.field);
    if (!columns.empty()) {
      columns += ", ";
      values += ", ";
    }
    columns += text::QuoteName(field.column);
    values += Exactly(field.type, Bind(assignment.value, &statement.params));
  }
  for (const int index : table.key) {
    if (!key.empty()) key += ", ";
    key += text::QuoteName(table.field(index).column);
  }
  for (const Assignment& changed : update) {
    if (!set.empty()) set += ", ";
    set += fmt::format("{} = {}", text::QuoteName(table.field(changed.field).column),
                       TakenOver(table.field(changed.field), changed, insert, &statement.params));
  }
  // With nothing to take over, a column is set to itself: DO NOTHING would return no row.
  if (set.empty()) {
    const Field& field = table.field(AnyUpdatable(table));
    set = fmt::format("{} = {}", text::QuoteName(field.column), Column(field));
  }
  statement.text =
      fmt::format("INSERT INTO {} AS t ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}{}{}", table.sql_name, columns,
                  values, key, set, Where({Live(table), Shown(table)}), Returning(table, projection));
  return statement;
}

Statement Update(const Table& table, const Key& key, const Row& row, const std::optional<std::string>& etag,
                 const Projection& projection) {
  std::vector<Param> params;
  const std::string set = Assignments(table, row, &params);
  return UpdateOne(table, set, std::move(params), key, Live(table), etag, projection);
}

Statement UpdateWhere(const Table& table, const Row& row, Statement condition) {
  const std::string set = Assignments(table, row, &condition.params);
  condition.text =
      fmt::format("UPDATE {} AS t SET {}{}", table.sql_name, set, Where({Parenthesized(condition.text), Live(table)}));
  return condition;
}

Statement Delete(const Table& table, const Key& key, const std::optional<std::string>& etag,
                 const Projection& projection) {
  if (table.soft_delete.has_value())
    return UpdateOne(table, MarkDeleted(table), {}, key, Live(table), etag, projection);
  Statement statement;
  const std::string matches = KeyMatches(table, key, &statement.params);
  const std::string unchanged = EtagMatches(table, etag, &statement.params);
  statement.text = fmt::format("DELETE FROM {} AS t{}", table.sql_name, Where({matches, unchanged}));
  return statement;
}

Statement DeleteWhere(const Table& table, Statement condition) {
  const std::string where = Where({Parenthesized(condition.text), Live(table)});
  condition.text = table.soft_delete.has_value()
                       ? fmt::format("UPDATE {} AS t SET {}{}", table.sql_name, MarkDeleted(table), where)
                       : fmt::format("DELETE FROM {} AS t{}", table.sql_name, where);
  return condition;
}

Statement Undelete(const Table& table, const Key& key, const std::optional<std::string>& etag,
                   const Projection& projection) {
  return UpdateOne(table, MarkLive(table), {}, key, Deleted(table), etag, projection);
}

Statement Probe(const Table& table, const Key& key) {
  Statement statement;
  const std::string matches = KeyMatches(table, key, &statement.params);
  const std::string deleted = Deleted(table);
  statement.text = fmt::format("SELECT {}, {} FROM {} AS t{}", table.has_etag ? Etag() : "NULL::text",
                               deleted.empty() ? "FALSE" : "(" + deleted + ")", table.sql_name, Where({matches}));
  return statement;
}

}  // namespace protogres::sql
