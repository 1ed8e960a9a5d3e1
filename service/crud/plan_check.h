// Refuses statements that would read many rows of a table without an index (--require_index), by PostgreSQL's own plan
// of the statement.
#ifndef PROTOGRES_SERVICE_CRUD_PLAN_CHECK_H_
#define PROTOGRES_SERVICE_CRUD_PLAN_CHECK_H_

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/session.h"
#include "sql/statement.h"

namespace protogres::crud {

// A scan that no condition on an index narrows.
struct FullScan {
  std::string schema;
  std::string table;
  // The part of the table's rows that PostgreSQL expects to read before the statement has all that it needs: 1 without
  // a LIMIT.
  double part = 1;
};

// The full scans of a plan, as EXPLAIN (VERBOSE, FORMAT JSON) gives it (PostgreSQL manual, 14.1). INTERNAL: `json` is
// none.
absl::StatusOr<std::vector<FullScan>> FullScansOf(std::string_view json);

// Thread-safe.
class PlanCheck {
 public:
  using Clock = std::chrono::steady_clock;

  // A statement may read less than `rows` rows of a table without an index.
  explicit PlanCheck(std::int64_t rows) : rows_(rows) {}

  // FAILED_PRECONDITION, reason INDEX_REQUIRED: `statement` would read too many rows. The verdict on a text is
  // remembered for a minute for the role of `session`, as policies change plans, whatever the parameters are. Otherwise
  // this takes two round trips in `session`, or one where no scan is full. The statement itself is not run.
  absl::Status Check(db::Session& session, const sql::Statement& statement);

 private:
  struct Verdict {
    absl::Status status;
    Clock::time_point until;
  };

  absl::Status Judge(db::Session& session, const sql::Statement& statement) const;

  const std::int64_t rows_;
  std::mutex mutex_;
  absl::flat_hash_map<std::uint64_t, Verdict> verdicts_;  // by the hash of a role and a statement's text
};

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_PLAN_CHECK_H_
