// The errors of rows: of a row that is not there, or not as the caller knows it, and of a value that PostgreSQL does
// not take.
#ifndef PROTOGRES_SERVICE_CRUD_ROW_ERROR_H_
#define PROTOGRES_SERVICE_CRUD_ROW_ERROR_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "contract/contract.h"
#include "db/session.h"
#include "sql/statement.h"

namespace protogres::crud {

// NOT_FOUND, reason ROW_NOT_FOUND.
absl::Status NotFound(const contract::Table& table, const sql::Key& key);
// The same for a read that skips rows which others have locked, so that the row may exist.
absl::Status NotFoundOrLocked(const contract::Table& table, const sql::Key& key);

// Why an Update or a Delete met no row: NOT_FOUND, or, where it gave an etag, ABORTED with the reason ETAG_MISMATCH if
// the row is there. Only with an etag it reads the row, and blocks; that may fail with an error of the session.
absl::Status Missed(const contract::Table& table, const sql::Key& key, const std::optional<std::string>& etag,
                    db::Session& session);
// Why an Undelete met no row: NOT_FOUND, ETAG_MISMATCH, or ALREADY_EXISTS with the reason ROW_NOT_DELETED, of a row
// that is not deleted (AIP-164). It reads the row, and blocks.
absl::Status MissedDeleted(const contract::Table& table, const sql::Key& key, const std::optional<std::string>& etag,
                           db::Session& session);

// The field of the column that PostgreSQL names in `error`, which is of writing a row of `table`. Null: it names none,
// or a column of another table, whose row a trigger was to write. For a row of a view PostgreSQL names the table below
// it, and for a row of a partitioned table the partition.
const contract::Field* FieldInError(const contract::Table& table, const absl::Status& error);

// `error` of writing `row`, which is the field `path` of the request. Where it is INVALID_ARGUMENT and it can be told
// which field it is about, it gets that field's path ("customer.email"; just "email" where `path` is empty).
absl::Status Locate(const contract::Table& table, const absl::Status& error, const sql::Row& row,
                    std::string_view path);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_ROW_ERROR_H_
