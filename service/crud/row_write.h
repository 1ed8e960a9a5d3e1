// The write of one row as a value. A Create, Update, Delete or Undelete request is planned to such a value, which is
// run in the same way alone, in a batch and in a group.
#ifndef PROTOGRES_SERVICE_CRUD_ROW_WRITE_H_
#define PROTOGRES_SERVICE_CRUD_ROW_WRITE_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "contract/contract.h"
#include "crud/bound_table.h"
#include "crud/nested.h"
#include "db/rows.h"
#include "db/session.h"
#include "sql/statement.h"
#include "wire/request.h"

namespace protogres::crud {

struct RowWrite {
  // kCreate, kUpdate, kDelete or kUndelete.
  contract::MethodKind kind = contract::MethodKind::kCreate;
  // The key of the row that it writes. Empty for a Create.
  sql::Key key;
  // What it assigns. Empty for a Delete and an Undelete, and where there is `nested`.
  sql::Row row;
  // Only of a Create: the row and the rows that are created with it, which are written by nested_write.h. Null: there
  // are none.
  std::unique_ptr<NestedRows> nested;
  // The etag that the statement checks. No value: it checks none.
  std::optional<std::string> etag;
  // A Delete of a row that does not exist is no error.
  bool allow_missing = false;
  // Empty for a Create: its INSERT is made when it is run, since a group inserts several rows by one statement.
  sql::Statement statement;
};

// Plans the write that `request` asks for. INVALID_ARGUMENT with the field's path. Does not block.
using RowPlanner = absl::StatusOr<RowWrite> (*)(const BoundTable& bound, const wire::Request& request);

// Whether a method of this `kind` answers the row that it writes: all but a hard Delete do.
bool AnswersARow(const BoundTable& bound, contract::MethodKind kind);

// Runs `write`, which has no `nested`, and returns the row as it is to be answered. No rows: there is none to be
// answered, as after a hard Delete, or where a trigger or a rule has kept a new one from being stored. NOT_FOUND,
// ABORTED (the etag differs) and ALREADY_EXISTS (an Undelete of a row that is not deleted) say that it met no row, and
// has written nothing. Blocks.
absl::StatusOr<db::Rows> WriteRow(const BoundTable& bound, const RowWrite& write, db::Session& session);

// The same, as the bytes of the response message.
absl::StatusOr<std::string> AnswerRow(const BoundTable& bound, const RowWrite& write, db::Session& session);

// The two halves of AnswerRow: the statement, and the answer that its rows, or its error, are.
db::Statement StatementOf(const BoundTable& bound, const RowWrite& write);
absl::StatusOr<std::string> AnswerOf(const BoundTable& bound, const RowWrite& write, absl::StatusOr<db::Rows> rows,
                                     db::Session& session);

// Decodes an element of a Batch request, which must not set what belongs to the batch, and plans it by `plan`.
absl::StatusOr<RowWrite> PlanElement(const BoundTable& bound, contract::MethodKind kind, RowPlanner plan,
                                     std::string_view bytes);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_ROW_WRITE_H_
