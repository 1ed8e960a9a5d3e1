// Writes of one Method that were waiting together and share a transaction, and
// with it a COMMIT (--group_commit). It knows neither who waits nor for how long.
#ifndef PROTOGRES_SERVICE_CRUD_GROUP_H_
#define PROTOGRES_SERVICE_CRUD_GROUP_H_

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "crud/bound_table.h"
#include "crud/method.h"
#include "db/pool.h"
#include "db/session.h"

namespace protogres::crud {

// What writes of this table can share: of a view or a foreign table it is not known what a write does.
Grouping GroupingOfWrites(const BoundTable& bound);

// A GroupMember's part of a group.
struct GroupedWrite {
  GroupMember* member = nullptr;
  std::unique_ptr<Operation> operation;  // of the Method's Plan
  absl::StatusOr<std::string> response = std::string();
};

// Plans the members by `method`. Those of bad requests have their response; those that no group takes are left out: of
// requests to be validated only or done once, and of large ones.
std::vector<GroupedWrite> PlanGroup(const UnaryMethod& method, std::span<GroupMember> members);

// Runs `execute`, which is to give each its response, in one transaction, and commits it: then the members have these
// responses. Where `execute` returns false, or the commit fails, everything is rolled back and they have none. Where it
// is not known whether it took place, that is their response: nobody runs again. Blocks.
void CommitGroup(std::vector<GroupedWrite> group, db::Pool& pool, const db::Cancellation& cancellation,
                 const std::function<bool(std::vector<GroupedWrite>&, db::Session&)>& execute);

// UnaryMethod::RunGroup of Operations with a key: each runs its own statement.
void WriteGroup(const UnaryMethod& method, std::span<GroupMember> members, db::Pool& pool,
                const db::Cancellation& cancellation);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_GROUP_H_
