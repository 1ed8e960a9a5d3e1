#include "sql/key_join.h"

#include <string_view>

#include "fmt/format.h"
#include "sql/clause.h"

namespace protogres::sql {

using contract::Field;
using contract::Type;

KeyJoin JoinKeys(const contract::Table& table, const std::vector<KeyColumn>& columns, const std::vector<Key>& keys,
                 std::vector<Param>* params) {
  KeyJoin join;
  std::string arrays, names;
  const bool elsewhere = table.sharded() || table.relation == catalog::RelationKind::kForeign;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Field& field = *columns[i].compared;
    const Type& type = columns[i].values->type;
    std::vector<std::string_view> values;
    values.reserve(keys.size());
    for (const Key& key : keys) values.push_back(key[i]);
    params->push_back(ArrayText(values));
    const std::size_t n = params->size();
    // An array of arrays would be unnested to its innermost elements, and a type with a cast between has none of its
    // own for arrays: those are text until they are single values.
    const bool plain = !type.repeated && type.write_cast.empty();
    if (i > 0) {
      arrays += ", ";
      names += ", ";
      join.on += " AND ";
    }
    std::string cast = "::text";
    if (plain) cast = OperandCast(type);
    if (cast.empty()) cast = "::" + type.sql_type;
    arrays += fmt::format("${}{}[]", n, cast);
    names += fmt::format("k{}", n);
    const std::string equals = type.repeated ? "=" : Operator(columns[i].by->type, "=");
    join.on += fmt::format("{} {} k.k{}", Column(field), equals, n);
    if (!plain) join.on += fmt::format("{}::{}", type.write_cast, type.sql_type);
    // A join alone would fetch whole tables from other servers. This leaves servers and rows out; it says nothing new.
    if (plain && elsewhere) join.where.push_back(fmt::format("{} {} ANY(${}{}[])", Column(field), equals, n, cast));
  }
  join.from = fmt::format("unnest({}) WITH ORDINALITY AS k({}, n)", arrays, names);
  return join;
}

}  // namespace protogres::sql
