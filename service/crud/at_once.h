// Writes that are committed in the round trip in which they are sent: PostgreSQL itself checks what else the server
// would have to see first, and hands the row on to the statement that records it for a request_id, in a setting, since
// the answer's bytes are not known yet.
#ifndef PROTOGRES_SERVICE_CRUD_AT_ONCE_H_
#define PROTOGRES_SERVICE_CRUD_AT_ONCE_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "crud/bound_table.h"
#include "crud/row_write.h"
#include "db/rows.h"
#include "db/session.h"

namespace protogres::crud {

// An expression of SQL: the row that a KeepingStatement has left in the open transaction, as text. kNoRow: there was
// none, as a trigger has kept it from being stored. Empty: the database's own code has reset it, and it is lost.
std::string KeptRowSql();
inline constexpr std::string_view kNoRow = "-";
// The expression that must be evaluated before that statement.
std::string ExpectRowSql();

// See Operation. `write` is the one of `statement`; for KeepingStatementOf `checked` is that of a Create.
std::optional<Operation::Checked> CheckedStatementOf(const BoundTable& bound, const RowWrite& write,
                                                     db::Statement statement);
db::Statement KeepingStatementOf(const BoundTable& bound, Operation::Checked checked);

// The columns of such a row, to be recorded before its text: it may be read after the table has changed.
std::string RowShape(const BoundTable& bound);
// Both as what the statement has returned, for Operation::Answer: columns that are gone are left out, and new ones are
// NULL, as the answer's bytes would be understood today. FAILED_PRECONDITION: a column has another type now. INTERNAL:
// the text is no row.
absl::StatusOr<db::Rows> ReadKeptRow(const BoundTable& bound, std::string_view kept);

// The statement that checks that so many of the statements before it, all those that count, have met their row.
db::Statement CheckOfMet(std::size_t statements);

// True: `error` is that of a CheckOfFit (sql/fits.h) which has found a row that may not be answered. Nothing is
// written, and the operation must run without it.
bool MayNotFit(const absl::Status& error);
// True: `error` may be one of what a KeepingStatement or CheckedStatement, CheckOfMet or the statement that records the
// row has beside the operation's own statement: it has found what cannot be answered, or the database does not take it.
// Nothing is written, and the operation must run without it.
bool MaySucceedWithout(const absl::Status& error);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_AT_ONCE_H_
