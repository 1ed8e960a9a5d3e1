// What libpq hands out as the answer to a statement, and what can be read from it: an error by its fields, never by its
// text, and rows.
#ifndef PROTOGRES_SERVICE_DB_RESULT_H_
#define PROTOGRES_SERVICE_DB_RESULT_H_

#include <libpq-fe.h>

#include <memory>
#include <vector>

#include "db/memory.h"
#include "db/rows.h"
#include "status/sqlstate.h"

namespace protogres::db {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

bool IsError(const PGresult* result);

// What the server said of an error. Its SQLSTATE is empty where the server said nothing: then the words are libpq's.
status::ServerError ErrorOf(const PGresult* result);

// The rows of a result that is no error.
Rows RowsOf(Result result, Memory::Hold hold);
// The rows of several, each of one row. `cut`: there were more.
Rows RowsOf(std::vector<Result> results, Memory::Hold hold, bool cut);

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_RESULT_H_
