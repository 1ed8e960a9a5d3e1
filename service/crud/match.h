// Tells which of the rows that one INSERT has stored belongs to which request. PostgreSQL does not promise that
// RETURNING keeps the order of VALUES, and triggers, rules and extensions that distribute tables do not keep it. Pure.
#ifndef PROTOGRES_SERVICE_CRUD_MATCH_H_
#define PROTOGRES_SERVICE_CRUD_MATCH_H_

#include <string_view>
#include <vector>

#include "contract/contract.h"
#include "db/rows.h"
#include "sql/statement.h"

namespace protogres::crud {

// Whether it is certain, for each i, that row i of `stored` is the one that was sent as `sent[i]`. The columns of
// `stored` are those of Projection::All, in their order. It is certain if the columns whose values are stored as all
// rows have sent them tell the rows apart. Otherwise the rows may be in another order, or one may be missing.
bool IsInOrder(const contract::Table& table, const std::vector<sql::Row>& sent, const db::Rows& stored);

// Whether `stored` is the same value as `sent`, as far as that is known of texts of this type: two texts of one value
// may count as different.
bool IsSame(const contract::Type& type, std::string_view sent, std::string_view stored);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_MATCH_H_
