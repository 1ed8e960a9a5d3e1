#include "sql/related.h"

#include <string>
#include <string_view>

#include "fmt/format.h"
#include "sql/clause.h"
#include "sql/key_join.h"

namespace protogres::sql {
namespace {

using contract::Field;
using contract::Kind;

bool IsInteger(const Field& field) {
  const bool integer = field.type.kind == Kind::kInt32 || field.type.kind == Kind::kInt64;
  return integer && !field.type.repeated && BuiltIn(field.type);
}

const Field& ValueField(const RelatedRows& rows, std::size_t i) { return rows.table->field(rows.relation->fields[i]); }
const Field& TargetField(const RelatedRows& rows, std::size_t i) {
  return rows.target->field(rows.relation->target_fields[i]);
}

// The conditions of the rows, beside that they belong to a key.
std::vector<std::string> Conditions(const RelatedRows& rows) {
  return {Parenthesized(rows.condition.text), rows.show_deleted ? "" : Live(*rows.target)};
}

std::string Limit(std::int64_t most, std::vector<Param>* params) {
  params->push_back(std::to_string(most));
  return fmt::format(" LIMIT ${}::int8", params->size());
}

std::string TextByValue(const RelatedRows& rows) {
  const std::string column = Column(TargetField(rows, 0));
  std::vector<std::string> where = Conditions(rows);
  where.insert(where.begin(), fmt::format("{} = ANY($1::{}[])", column, ValueField(rows, 0).type.sql_type));
  std::string text = fmt::format("SELECT {}{} FROM {} AS t{}{}", column, MoreColumns(*rows.target, rows.projection),
                                 rows.target->sql_name, rows.order.joins.Sql(rows.show_deleted), Where(where));
  if (!rows.relation->many) return text;
  const std::size_t limit = rows.condition.params.size() + 2;
  return text + fmt::format(" ORDER BY {}, {} LIMIT ${}::int8", column, OrderSql(*rows.target, rows.order), limit);
}

Statement SelectByValue(const RelatedRows& rows, const std::vector<Key>& keys, std::int64_t most) {
  std::string values = "{";
  for (const Key& key : keys) {
    if (values.size() > 1) values += ',';
    values += key.front();
  }
  Statement statement;
  statement.params.push_back(values + "}");
  statement.params.insert(statement.params.end(), rows.condition.params.begin(), rows.condition.params.end());
  if (rows.relation->many) statement.params.emplace_back(std::to_string(most));
  statement.text = rows.text.empty() ? TextByValue(rows) : rows.text;
  return statement;
}

// The first rows of each key: LATERAL finds them by an index on the key and the order, where there is one.
void CutEach(const RelatedRows& rows, const KeyJoin& join, std::vector<std::string> where, Statement* statement) {
  const Projection& projection = rows.projection;
  const std::size_t columns = projection.fields.size() + (projection.etag ? 1 : 0) + projection.links.size();
  // Without any column the select list is "1".
  std::string names = columns == 0 ? "c0" : "";
  std::string list;
  for (std::size_t i = 0; i < columns; ++i) {
    names += fmt::format("{}c{}", i == 0 ? "" : ", ", i);
    list += fmt::format(", r.c{}", i);
  }
  where.insert(where.begin(), join.on);
  const std::string order = OrderSql(*rows.target, rows.order);
  statement->text = fmt::format(
      "SELECT k.n{} FROM {} CROSS JOIN LATERAL (SELECT {}, row_number() OVER (ORDER BY {}) FROM {} AS t{}{} ORDER BY "
      "{}",
      list, join.from, SelectList(*rows.target, projection), order, rows.target->sql_name,
      rows.order.joins.Sql(rows.show_deleted), Where(where), order);
  statement->text += Limit(*rows.each, &statement->params);
  statement->text += fmt::format(") AS r({}, o) ORDER BY k.n, r.o", names);
}

}  // namespace

int FirstFilterParam(const contract::Relation& relation) { return static_cast<int>(relation.fields.size()) + 1; }

bool TellsByValue(const RelatedRows& rows) {
  return !rows.each.has_value() && rows.relation->fields.size() == 1 && !rows.target->sharded() &&
         IsInteger(ValueField(rows, 0)) && IsInteger(TargetField(rows, 0));
}

void Prepare(RelatedRows* rows) {
  if (TellsByValue(*rows)) rows->text = TextByValue(*rows);
}

Statement SelectRelated(const RelatedRows& rows, const std::vector<Key>& keys, std::int64_t most) {
  if (TellsByValue(rows)) return SelectByValue(rows, keys, most);
  Statement statement;
  std::vector<KeyColumn> columns;
  for (std::size_t i = 0; i < rows.relation->fields.size(); ++i) {
    const Field &values = ValueField(rows, i), &compared = TargetField(rows, i);
    columns.push_back({&values, &compared, rows.relation->reverse ? &values : &compared});
  }
  const KeyJoin join = JoinKeys(*rows.target, columns, keys, &statement.params);
  statement.params.insert(statement.params.end(), rows.condition.params.begin(), rows.condition.params.end());
  std::vector<std::string> where = Conditions(rows);
  where.insert(where.end(), join.where.begin(), join.where.end());
  if (rows.each.has_value()) {
    CutEach(rows, join, std::move(where), &statement);
    return statement;
  }
  statement.text = fmt::format("SELECT k.n{} FROM {} JOIN {} AS t ON {}{}{} ORDER BY k.n",
                               MoreColumns(*rows.target, rows.projection), join.from, rows.target->sql_name, join.on,
                               rows.order.joins.Sql(rows.show_deleted), Where(where));
  if (rows.relation->many) {
    statement.text += ", " + OrderSql(*rows.target, rows.order);
    statement.text += Limit(most, &statement.params);
  }
  return statement;
}

}  // namespace protogres::sql
