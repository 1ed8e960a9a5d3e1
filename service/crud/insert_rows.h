// Inserts several rows of one table by as few statements as possible, and tells of each what became of it.
#ifndef PROTOGRES_SERVICE_CRUD_INSERT_ROWS_H_
#define PROTOGRES_SERVICE_CRUD_INSERT_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crud/bound_table.h"
#include "db/rows.h"
#include "db/session.h"
#include "sql/statement.h"

namespace protogres::crud {

// How rows are inserted where they are several. An INSERT of several rows does not always tell which row is whose, and
// never for which row it failed.
enum class Several {
  kSavepoint,  // by one statement; if it does not tell, it is undone, and they are inserted one by one
  kAtOnce,     // by one statement, without a savepoint: if it does not tell, nothing more is done
  kEach,       // one by one
};

// Who hears of the rows, by their index.
struct RowsTaker {
  // The row is row `row` of `rows`, which have the columns of BoundTable::whole. Less than 0: a trigger or a rule has
  // kept it from being stored. An error ends the insertion.
  absl::FunctionRef<absl::Status(std::size_t index, const db::Rows& rows, std::int64_t row)> take;
  // The row could not be inserted; no index: one of them all. Returns the error that the caller is to see. Not called
  // for the error of a BEGIN or of a COMMIT in doubt.
  absl::FunctionRef<absl::Status(std::optional<std::size_t> index, const absl::Status& error)> locate;
};

// Inserts `rows`, which must not be empty, in an explicit transaction. They are taken in their order, each once. False,
// only with kAtOnce: the statement does not tell, so that all must be rolled back and done again with kEach. Some rows
// may have been taken already. Blocks.
absl::StatusOr<bool> InsertRows(const BoundTable& bound, std::span<const sql::Row> rows, Several several,
                                db::Session& session, const RowsTaker& taker);

// Inserts one row, runs `reads`, whose results are appended to `read`, and commits, in one round trip. The errors are
// also those of db::Session::Commit. Blocks.
absl::Status InsertAndCommit(const BoundTable& bound, const sql::Row& row, std::span<const db::Statement> reads,
                             db::Session& session, const RowsTaker& taker, std::vector<db::Rows>* read);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_INSERT_ROWS_H_
