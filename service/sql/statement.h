// Makes Statements, which are SQL text and parameters, for each kind of method. Pure: no I/O, no protobuf. Values are
// always parameters, never text. Names come only from the Contract and are quoted.
#ifndef PROTOGRES_SERVICE_SQL_STATEMENT_H_
#define PROTOGRES_SERVICE_SQL_STATEMENT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/contract.h"

namespace protogres::sql {

// A parameter in PostgreSQL's text form; no value is NULL.
using Param = std::optional<std::string>;

// The extended protocol counts parameters in 16 bits (PostgreSQL manual, "Message Formats", Bind).
inline constexpr std::size_t kMaxStatementParams = 65535;

struct Statement {
  std::string text;
  std::vector<Param> params;
};

// What a statement returns of each row: fields, as indexes into Table::fields, in this order, then the etag if `etag`,
// and then `links`: fields that are no part of the answer, but by which related rows are found.
struct Projection {
  std::vector<int> fields;
  bool etag = false;
  std::vector<int> links = {};

  // All columns that can be read, without computed ones, and the etag where the table has one.
  static Projection All(const contract::Table& table);

  // The column of the result in which a field is that is one of `fields` or `links`.
  std::size_t ColumnOf(int field) const;
};

// An array without elements. A repeated field cannot tell it from NULL. So an UPDATE by this value, which only an empty
// array is, leaves a NULL as it is: nothing changes in a row that was read and is sent back.
inline constexpr char kEmptyArray[] = "{}";

// A field and the value it is given.
struct Assignment {
  int field = 0;  // index into Table::fields
  Param value;    // PostgreSQL's text form
};

using Row = std::vector<Assignment>;
using Key = std::vector<std::string>;  // the key columns' values in the order of Table::key

// In all of these statements the alias of the table is `t`, and the select list is the Projection's. If a table has
// soft delete, deleted rows are hidden unless `show_deleted`.

// SELECT by key. The values of the key are the parameters $1... in the order of Table::key. They are no part of the
// text, so that it serves all requests.
std::string SelectByKey(const contract::Table& table, const Projection& projection, bool show_deleted);

// SELECT by many keys in one statement. Each column of the key is one array parameter (unnest ... WITH ORDINALITY). The
// first column returned is the position in `keys`, from 1; then comes the projection. A missing key gives no row. The
// rows come in the order of the keys.
Statement SelectByKeys(const contract::Table& table, const Projection& projection, bool show_deleted,
                       const std::vector<Key>& keys);

// True: SelectByAnyKey can be used. The key is one integer, whose text form is the same wherever it comes from.
bool HasPlainKey(const contract::Table& table);

// SELECT by many keys of a table with a plain key, at half of the cost. The rows come in any order, and each comes
// once. The first column returned is the key; then comes the projection.
Statement SelectByAnyKey(const contract::Table& table, const Projection& projection, bool show_deleted,
                         const std::vector<Key>& keys);

// INSERT of one or more rows with RETURNING. A field that a row does not assign takes the DEFAULT of its column. `rows`
// must not be empty, and must not need more than kMaxStatementParams parameters.
Statement Insert(const contract::Table& table, const std::vector<Row>& rows, const Projection& projection);

// The setting of PostgreSQL's in which KeepRow leaves a row.
inline constexpr char kKeptRow[] = "protogres.row";
// A further column of the RETURNING of an INSERT of one row, with its comma. It leaves the other columns in the setting
// kKeptRow until the end of the transaction, in the text form of a row (manual, 8.16.6), so that the next statement can
// store them. Not for tables that Citus distributes: there it would run on another server.
std::string KeepRow(const contract::Table& table, const Projection& projection);

// A column of a RETURNING that counts, until the end of the transaction, the rows that were met, so that PostgreSQL can
// check in the same round trip that each of several statements has met one. Not for tables that Citus distributes.
std::string CountMet();
// A SELECT that fails, with kDoesNotFit (fits.h), unless so many rows were counted in the transaction.
Statement CheckMet(std::size_t rows);

// INSERT ... ON CONFLICT (key) DO UPDATE with RETURNING. `insert` is what a new row gets, with its key; `update`,
// perhaps nothing, is what an existing row gets. Where both assign a field, they give it the same value. There is no
// etag, as a row that must have one must exist. A soft-deleted row is not brought back: then no row is returned.
Statement Upsert(const contract::Table& table, const Row& insert, const Row& update, const Projection& projection);

// UPDATE by key with RETURNING. `row` must not be empty. If there is an etag, the same statement checks it. A
// soft-deleted row is never touched.
Statement Update(const contract::Table& table, const Key& key, const Row& row, const std::optional<std::string>& etag,
                 const Projection& projection);

// UPDATE of all rows for which `condition` holds, which CompileFilter has made.
Statement UpdateWhere(const contract::Table& table, const Row& row, Statement condition);

// DELETE by key. If the table has soft delete, this is an UPDATE of its column (to now() or true) with RETURNING. Else
// nothing is returned, and the number of affected rows tells whether the row was there.
Statement Delete(const contract::Table& table, const Key& key, const std::optional<std::string>& etag,
                 const Projection& projection);
Statement DeleteWhere(const contract::Table& table, Statement condition);

// Clears the soft-delete column of a deleted row, with RETURNING.
Statement Undelete(const contract::Table& table, const Key& key, const std::optional<std::string>& etag,
                   const Projection& projection);

// SELECT of one row, deleted or not, after a write that met no row: it tells NOT_FOUND from ETAG_MISMATCH. It returns
// two columns: the etag (NULL if the table has none), and whether the row is soft-deleted.
Statement Probe(const contract::Table& table, const Key& key);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_STATEMENT_H_
