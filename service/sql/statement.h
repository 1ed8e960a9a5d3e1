// Statements: SQL text + parameters for each kind of method. Pure: no I/O, no
// protobuf. Values are always parameters, never text; names come only from the
// Contract and are quoted.
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

// What a statement returns of each row: fields by index into Table::fields, in
// this order, then the etag where asked.
struct Projection {
  std::vector<int> fields;
  bool etag = false;

  // All fields that can be read, and the etag where the table has one.
  static Projection All(const contract::Table& table);
};

// An array without elements. A repeated field cannot tell it from NULL: so an UPDATE by this value, which nothing else
// but an empty array is, leaves NULL where NULL is (of a row that was read and is sent back nothing changes).
inline constexpr char kEmptyArray[] = "{}";

// A field and the value it is given.
struct Assignment {
  int field = 0;  // index into Table::fields
  Param value;    // PostgreSQL's text form
};

using Row = std::vector<Assignment>;
using Key = std::vector<std::string>;  // the key columns' values in the order of Table::key

// In all of these the table's alias is `t`, and the select list is the
// Projection's. Tables with a soft-delete column hide deleted rows unless
// `show_deleted`.

// SELECT by key. Key values are the parameters $1... in the order of Table::key;
// `params` stays empty, so that one text serves all requests.
std::string SelectByKey(const contract::Table& table, const Projection& projection, bool show_deleted);

// SELECT by many keys in one statement: each of the key's columns is one array
// parameter (unnest ... WITH ORDINALITY). The first column returned is the
// 1-based position in `keys`, then the projection; missing keys give no row; rows come in the keys' order.
Statement SelectByKeys(const contract::Table& table, const Projection& projection, bool show_deleted,
                       const std::vector<Key>& keys);

// Whether SelectByAnyKey can be used: the key is one integer, whose text form is the same wherever it comes from.
bool HasPlainKey(const contract::Table& table);

// SELECT by many keys of a table with a plain key, in any order and each row once: at half of the cost. The first
// column returned is the key, then the projection.
Statement SelectByAnyKey(const contract::Table& table, const Projection& projection, bool show_deleted,
                         const std::vector<Key>& keys);

// INSERT of one or more rows with RETURNING the projection, in order of
// `rows`. Fields that a row does not assign take the column's DEFAULT.
// `rows` must not be empty, nor give more than kMaxStatementParams parameters.
Statement Insert(const contract::Table& table, const std::vector<Row>& rows, const Projection& projection);

// INSERT ... ON CONFLICT (key) DO UPDATE, with RETURNING: `insert` is the whole
// row with its key; of it, `update` (indexes into Table::fields) is what an
// existing row takes over (nothing where it is empty). A repeated field of
// `update` that `insert` does not assign is an empty one. An etag is no part of it:
// a row that must have one must exist. A soft-deleted row is not brought back: no row returned.
Statement Upsert(const contract::Table& table, const Row& insert, const std::vector<int>& update,
                 const Projection& projection);

// UPDATE by key with RETURNING; `row` must not be empty. With `etag`, checked
// in the same statement. Never touches a soft-deleted row.
Statement Update(const contract::Table& table, const Key& key, const Row& row, const std::optional<std::string>& etag,
                 const Projection& projection);

// UPDATE of all rows that `condition` holds for (compiled by CompileFilter,
// whose parameters are in `params` already).
Statement UpdateWhere(const contract::Table& table, const Row& row, Statement condition);

// DELETE by key. On a soft-delete table it is an UPDATE of the column (now() or
// true) with RETURNING the projection; else nothing is returned and the count
// of affected rows tells.
Statement Delete(const contract::Table& table, const Key& key, const std::optional<std::string>& etag,
                 const Projection& projection);
Statement DeleteWhere(const contract::Table& table, Statement condition);

// Clears the soft-delete column of a deleted row, with RETURNING.
Statement Undelete(const contract::Table& table, const Key& key, const std::optional<std::string>& etag,
                   const Projection& projection);

// SELECT of the etag of one row, deleted or not: tells NOT_FOUND from
// ETAG_MISMATCH after a write that met no row. Returns one column: the etag
// (NULL where the table has none), and a second, boolean: soft-deleted.
Statement Probe(const contract::Table& table, const Key& key);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_STATEMENT_H_
