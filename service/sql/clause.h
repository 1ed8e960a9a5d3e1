// The pieces that SQL text is put together from: columns, parameters, the key,
// soft delete, the etag. Private to sql/. It knows no method and no request.
#ifndef PROTOGRES_SERVICE_SQL_CLAUSE_H_
#define PROTOGRES_SERVICE_SQL_CLAUSE_H_

#include <string>
#include <string_view>
#include <vector>

#include "contract/contract.h"
#include "sql/statement.h"

namespace protogres::sql {

// t."column"
std::string Column(const contract::Field& field);
// t."column" as it is read into a row.
std::string ReadColumn(const contract::Field& field);

// $n as a value of exactly the column's type: to be stored, or one that was
// read from the column. Casts carry no modifier, so that storing applies
// PostgreSQL's own length checks.
std::string Exactly(const contract::Type& type, int n);

// $n as what a column (or, when repeated, an element) is compared with. Never
// narrower than the column: a domain's checks do not make a comparison fail, and a name
// longer than 63 bytes is not cut to one that exists.
std::string Operand(const contract::Type& type, int n);
// Only its cast: "::numeric::money"; empty where PostgreSQL tells the type by the other side.
std::string OperandCast(const contract::Type& type);

// An operator between values of `type` (of its element, when repeated). Those of an extension's type are named by their
// schema: where that is not in the search path, PostgreSQL finds none, or compares citext as text without a word. `op`
// may be LIKE or NOT LIKE.
std::string Operator(const contract::Type& type, std::string_view op);

// True for a type of PostgreSQL's own: not a domain, not an extension's.
bool BuiltIn(const contract::Type& type);

// `sql` IS NULL, or IS NOT NULL where `present`, of a value of `type`. A composite whose attributes are all NULL is a
// value, though PostgreSQL's IS NULL is true of it.
std::string Presence(const std::string& sql, const contract::Type& type, bool present);

// t."a" = $first AND t."b" = $(first + 1)
std::string KeyIs(const contract::Table& table, int first);

// The condition that a row is not, or is, soft-deleted. Empty where the table has no soft delete.
std::string Live(const contract::Table& table);
std::string Deleted(const contract::Table& table);

// The conditions joined by AND; empty ones are left out. Each must bind tighter than AND.
std::string And(const std::vector<std::string>& conditions);
// " WHERE ..." of them, or nothing.
std::string Where(const std::vector<std::string>& conditions);

// The etag of a stored row.
std::string Etag();
// The etag of the row that an INSERT or UPDATE has just written, in its RETURNING.
std::string WrittenEtag(const contract::Table& table);

// The projection as a select list; "1" where it is empty, for RETURNING needs something.
std::string SelectList(const contract::Table& table, const Projection& projection);
std::string Returning(const contract::Table& table, const Projection& projection);

// {"a","b"}: an array of text in PostgreSQL's text form.
std::string ArrayText(const std::vector<std::string_view>& elements);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_CLAUSE_H_
