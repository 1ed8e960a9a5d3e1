// The conditions of a filter about what a repeated field has. Private to sql/.
#ifndef PROTOGRES_SERVICE_SQL_ELEMENTS_H_
#define PROTOGRES_SERVICE_SQL_ELEMENTS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sql/filter_scope.h"
#include "sql/parser.h"

namespace protogres::sql {

// INVALID_ARGUMENT, at this offset: elements of `target` cannot be compared. The other functions are only for targets
// of which they can.
absl::Status CheckElements(const Target& target, std::size_t offset, const FilterScope& scope);

// Each returns a condition that binds tighter than NOT, and is false for NULL. In text a literal may have wildcards.
absl::StatusOr<std::string> HasElement(const Target& target, const Literal& literal, FilterScope* scope);
absl::StatusOr<std::string> HasAllOf(const Target& target, const std::vector<Literal>& literals, FilterScope* scope);
absl::StatusOr<std::string> HasAnyOf(const Target& target, const std::vector<Literal>& literals, FilterScope* scope);
// There are no other elements than these.
absl::StatusOr<std::string> HasOnly(const Target& target, const std::vector<Literal>& literals, FilterScope* scope);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_ELEMENTS_H_
