// The pieces of SQL text: columns, parameters, the key, soft delete, the etag. Private to sql/. Knows neither methods
// nor requests.
#ifndef PROTOGRES_SERVICE_SQL_CLAUSE_H_
#define PROTOGRES_SERVICE_SQL_CLAUSE_H_

#include <string>
#include <string_view>
#include <vector>

#include "contract/contract.h"
#include "sql/statement.h"

namespace protogres::sql {

// t."column", of the row with that alias; or the call of a computed column: "schema"."function"(t.*)
std::string Column(const contract::Field& field, std::string_view alias = "t");
// The same, with the cast by which it is read into a row.
std::string ReadColumn(const contract::Field& field, std::string_view alias = "t");

// $n as a value of exactly the column's type: one to be stored, or one that was read from the column. The casts have no
// modifier, so that PostgreSQL checks the length when it stores the value.
std::string Exactly(const contract::Type& type, int n);

// $n as the value that a column, or an element of it if it is repeated, is compared with. Its type is never narrower
// than the column's: so the checks of a domain do not make a comparison fail, and a name longer than 63 bytes is not
// cut to one that exists.
std::string Operand(const contract::Type& type, int n);
// Only the cast of Operand: "::numeric::money". Empty: PostgreSQL takes the type from the other side.
std::string OperandCast(const contract::Type& type);
// The same for an array of such values: "::numeric[]::money[]". Only for types for which HasArrayCast holds: of others
// it is not known how PostgreSQL writes their arrays.
std::string ArrayOperandCast(const contract::Type& type);
bool HasArrayCast(const contract::Type& type);

// An operator between values of `type`, or of its elements if it is repeated. The operators of a type of an extension
// are written with their schema: if that is not in the search path, PostgreSQL finds none, or compares citext as text
// without saying so. `op` may also be LIKE,
// NOT LIKE or ILIKE.
std::string Operator(const contract::Type& type, std::string_view op);

// A textual value as the left side of LIKE, without the blanks that char(n) is filled up with.
std::string Likeable(const std::string& sql, const contract::Type& type);

// The condition that `sql`, an array or a JSON value, has something: `what` is the rest of it, "@> ...". Of what is
// NULL it is false, so that its negation holds.
std::string Has(const std::string& sql, std::string_view what);

// True for a type of PostgreSQL's own, which is neither a domain nor an extension's.
bool BuiltIn(const contract::Type& type);

// The condition that `sql`, a value of `type`, is not NULL if `present`, else that it is NULL. A composite whose
// attributes are all NULL is a value, although PostgreSQL's IS NULL is true of it.
std::string Presence(const std::string& sql, const contract::Type& type, bool present);

// t."a" = $first AND t."b" = $(first + 1)
std::string KeyIs(const contract::Table& table, int first);

// Live: the condition that a row is not soft-deleted. Deleted: that it is. Empty: the table has no soft delete.
std::string Live(const contract::Table& table, std::string_view alias = "t");
std::string Deleted(const contract::Table& table);

// The condition, so that it binds tighter than AND. Empty: there is none.
std::string Parenthesized(const std::string& condition);

// The conditions joined by AND; empty ones are left out. Each must bind tighter than AND.
std::string And(const std::vector<std::string>& conditions);
// " WHERE " and these conditions. Empty: there are none.
std::string Where(const std::vector<std::string>& conditions);

// The etag of a stored row.
std::string Etag();
// The etag of the row that an INSERT or UPDATE has just written, in its RETURNING.
std::string WrittenEtag(const contract::Table& table);

// The projection as a select list, and as RETURNING. An empty one is "1", as SQL needs something there.
std::string SelectList(const contract::Table& table, const Projection& projection);
// The same after other columns: ", a, b". Empty for an empty one.
std::string MoreColumns(const contract::Table& table, const Projection& projection);
std::string Returning(const contract::Table& table, const Projection& projection);
// The columns of Returning alone.
std::string ReturnedColumns(const contract::Table& table, const Projection& projection);

// {"a","b"}: an array of text in PostgreSQL's text form.
std::string ArrayText(const std::vector<std::string_view>& elements);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_CLAUSE_H_
