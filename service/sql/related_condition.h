// What a condition of a filter means on values of related rows. Private to sql/.
#ifndef PROTOGRES_SERVICE_SQL_RELATED_CONDITION_H_
#define PROTOGRES_SERVICE_SQL_RELATED_CONDITION_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sql/filter_scope.h"
#include "sql/parser.h"

namespace protogres::sql {

// What a condition is of a value that is NULL. One that is true or false there is so everywhere: it is never NULL.
enum class OfNull { kNull, kFalse, kTrue };

// What the comparison with the target's value is.
OfNull OfNullBy(const Target& target, const Restriction& restriction);

// `condition`, which binds tighter than NOT, is on the target's value. The result, or the negation of it, is what that
// means for the row that is asked: the same, or behind relations an EXISTS. That is true where the condition is, and
// false where it is false or NULL. Where a relation is to many, it says whether one of its rows meets the condition;
// else the value is NULL where there is no row.
std::string OnRow(const Target& target, const std::string& condition, OfNull of_null, bool negated,
                  const FilterScope& scope);

// INVALID_ARGUMENT: the comparison is not one that can be asked of rows of a relation to many.
absl::Status CheckToMany(const Target& target, const Restriction& restriction, const FilterScope& scope);

// The condition of a path that ends at a relation: customer:*, customer = null.
absl::StatusOr<std::string> CompilePresence(const Target& target, const Restriction& restriction, bool negated,
                                            const FilterScope& scope);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_RELATED_CONDITION_H_
