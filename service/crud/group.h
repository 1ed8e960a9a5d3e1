// Groups of writes: requests of one Method that were waiting together share a transaction, and with it a COMMIT
// (--group_commit). It knows neither who waits nor for how long.
#ifndef PROTOGRES_SERVICE_CRUD_GROUP_H_
#define PROTOGRES_SERVICE_CRUD_GROUP_H_

#include <span>

#include "contract/contract.h"
#include "crud/bound_table.h"
#include "crud/method.h"
#include "crud/row_write.h"
#include "db/caller.h"

namespace protogres::crud {

// What writes of this table can share. Of a view or a foreign table it is not known what a write does, and writes of a
// sharded table stay on one server each: they share nothing.
Grouping GroupingOfWrites(const BoundTable& bound);

// UnaryMethod::RunGroup of requests of `kind`, of which each writes one row as `plan` says. All of the group are
// committed together or none is. These members are left without a response, to be run alone: those that only validate,
// or have a request_id; large ones; all but one of those that write the same row; and all of them, if the write of one
// has failed, if an answer is large, or if the COMMIT was rolled back. If it is not known whether the COMMIT took
// place, that is the response of each member: none may be run again. Blocks.
void RunWriteGroup(const BoundTable& bound, contract::MethodKind kind, RowPlanner plan, std::span<GroupMember> members,
                   const db::Access& access);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_GROUP_H_
