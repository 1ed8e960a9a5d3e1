// Compiles contains(), within() and overlaps() of a filter to SQL. Private to sql/.
#ifndef PROTOGRES_SERVICE_SQL_CONTAINMENT_H_
#define PROTOGRES_SERVICE_SQL_CONTAINMENT_H_

#include <string>

#include "absl/status/statusor.h"
#include "sql/filter_scope.h"
#include "sql/parser.h"

namespace protogres::sql {

enum class Containment { kContains, kWithin, kOverlaps };

// The condition of `call`, which has one argument and whose path leads to `target`. It binds tighter than NOT.
absl::StatusOr<std::string> CompileContainment(Containment containment, const Call& call, const Target& target,
                                               FilterScope* scope);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_CONTAINMENT_H_
