// Which of the rows that one INSERT has stored is whose: PostgreSQL does not promise that RETURNING keeps the order of
// VALUES, and triggers, rules and extensions that distribute tables do not keep it. Pure.
#ifndef PROTOGRES_SERVICE_CRUD_MATCH_H_
#define PROTOGRES_SERVICE_CRUD_MATCH_H_

#include <vector>

#include "contract/contract.h"
#include "db/rows.h"
#include "sql/statement.h"

namespace protogres::crud {

// True where row i of `stored`, whose columns are all of Table::fields in their order, is certainly the one that was
// sent as `sent[i]`, for each i: by the columns that are stored as all rows have sent them, no two rows could be taken
// for each other. False: they may be in another order, or one of them is missing.
bool IsInOrder(const contract::Table& table, const std::vector<sql::Row>& sent, const db::Rows& stored);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_MATCH_H_
