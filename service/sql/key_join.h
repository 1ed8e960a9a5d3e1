// A join with keys that are parameters: FROM unnest($1, $2) WITH ORDINALITY AS k(k1, k2, n) JOIN ... Private to sql/.
#ifndef PROTOGRES_SERVICE_SQL_KEY_JOIN_H_
#define PROTOGRES_SERVICE_SQL_KEY_JOIN_H_

#include <string>
#include <vector>

#include "contract/contract.h"
#include "sql/statement.h"

namespace protogres::sql {

// A column of the keys.
struct KeyColumn {
  const contract::Field* values = nullptr;    // of which the values are
  const contract::Field* compared = nullptr;  // of the table `t`, with which they are compared
  // By the = of this field's type: of the one of both that a foreign key refers to, as PostgreSQL keeps it by that.
  const contract::Field* by = nullptr;
};

struct KeyJoin {
  std::string from;                // unnest($1::...) WITH ORDINALITY AS k(k1, n)
  std::string on;                  // t."id" = k.k1
  std::vector<std::string> where;  // conditions that say nothing new, but leave servers out
};

// Each column of the keys is one array parameter, which is appended to `params`. `table` is that of the alias `t`.
// `keys` have a value for each of `columns`.
KeyJoin JoinKeys(const contract::Table& table, const std::vector<KeyColumn>& columns, const std::vector<Key>& keys,
                 std::vector<Param>* params);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_KEY_JOIN_H_
