// Compiles one comparison of a filter to SQL. Private to sql/.
#ifndef PROTOGRES_SERVICE_SQL_RESTRICTION_H_
#define PROTOGRES_SERVICE_SQL_RESTRICTION_H_

#include <string>

#include "absl/status/statusor.h"
#include "sql/filter_scope.h"
#include "sql/parser.h"

namespace protogres::sql {

// Returns a condition, or the negation of it, that binds tighter than AND.
//
// As in SQL and PostgREST, a comparison with NULL is neither true nor false: neither `name = "x"` nor `name != "x"` nor
// their negations hold for a row without a name. What is always true or false is presence (`= null`, `!= null`, `:*`)
// and what a repeated field or a JSON value has (`tags:x`, `attrs:key`).
//
// In text, `=` and `!=` take wildcards: * stands for any characters, and \* in quotes for a star.
//
// `= [1, 2]` and `:[1, 2]` hold where the comparison with one of the values does, `!= [1, 2]` where that with each
// does.
absl::StatusOr<std::string> CompileRestriction(const Restriction& restriction, bool negated, FilterScope* scope);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_RESTRICTION_H_
