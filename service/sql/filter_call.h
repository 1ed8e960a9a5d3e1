// Compiles one call of a function of a filter to SQL: ilike(name, "li%"). Private to sql/.
#ifndef PROTOGRES_SERVICE_SQL_FILTER_CALL_H_
#define PROTOGRES_SERVICE_SQL_FILTER_CALL_H_

#include <string>

#include "absl/status/statusor.h"
#include "sql/filter_scope.h"
#include "sql/parser.h"

namespace protogres::sql {

// Returns a condition, or the negation of it, that binds tighter than AND, in a form for which PostgreSQL has indexes.
//
//   like, ilike        a pattern of SQL: % and _ are its wildcards, and * is as %
//   matches, imatches  a POSIX regular expression
//   search             words as in a search engine, in text or a tsvector, perhaps with a text search configuration
//   contains           a range has a value or range, a repeated field has elements, a JSON value has another or keys
//   within             the other way round
//   overlaps           both have something in common
//
// Of NULL, a call is neither true nor false, but that what a repeated field or a JSON value has is always one of both.
absl::StatusOr<std::string> CompileCall(const Call& call, bool negated, FilterScope* scope);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_FILTER_CALL_H_
