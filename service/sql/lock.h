// Locks that a read asks for (PostgreSQL manual, SELECT, "The Locking Clause"). Pure.
#ifndef PROTOGRES_SERVICE_SQL_LOCK_H_
#define PROTOGRES_SERVICE_SQL_LOCK_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace protogres::sql {

// What is appended to a SELECT of the table whose alias is `t`.
struct Lock {
  std::string clause;         // " FOR UPDATE OF t SKIP LOCKED"; empty: none
  bool skips_locked = false;  // rows that others have locked are not returned
};

// "FOR UPDATE SKIP LOCKED", in any case; empty: no lock. INVALID_ARGUMENT, path "lock": anything else.
absl::StatusOr<Lock> ParseLock(std::string_view text);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_LOCK_H_
