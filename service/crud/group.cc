#include "crud/group.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "status/sqlstate.h"
#include "status/status.h"

namespace protogres::crud {
namespace {

// Bytes of a request or an answer that a group takes: of larger ones the commit is the least, and all of a group are in
// memory.
constexpr std::size_t kLargest = 64 * 1024;
// A lock is waited for together only so long: then each waits for its own. Other groups are done by then.
constexpr std::chrono::milliseconds kLockTimeout{50};

// No row was met, so nothing was written, and the transaction goes on.
bool IsOwnError(const absl::Status& status, const db::Session& session) {
  if (session.aborted() || session.lost()) return false;
  return absl::IsNotFound(status) || status::ReasonOf(status) == status::kEtagMismatch;
}

bool IsLarge(const GroupedWrite& write) { return write.response.ok() && write.response->size() > kLargest; }

bool SameKey(const GroupedWrite& a, const GroupedWrite& b) {
  return std::ranges::equal(a.operation->key(), b.operation->key());
}

bool ExecuteEach(std::vector<GroupedWrite>& group, db::Session& session) {
  for (GroupedWrite& write : group) {
    write.response = write.operation->Execute(session);
    if (!write.response.ok() && !IsOwnError(write.response.status(), session)) return false;
  }
  return true;
}

}  // namespace

Grouping GroupingOfWrites(const BoundTable& bound) {
  return catalog::IsStored(bound.table().relation) ? Grouping::kCommit : Grouping::kNone;
}

std::vector<GroupedWrite> PlanGroup(const UnaryMethod& method, std::span<GroupMember> members) {
  std::vector<GroupedWrite> group;
  group.reserve(members.size());
  for (GroupMember& member : members) {
    if (member.request.size() > kLargest) continue;
    auto operation = method.Plan(member.request);
    if (!operation.ok()) {
      member.response = operation.status();
    } else if (!(*operation)->validate_only() && (*operation)->request_id().empty()) {
      group.push_back({.member = &member, .operation = *std::move(operation)});
    }
  }
  return group;
}

void CommitGroup(std::vector<GroupedWrite> group, db::Pool& pool, const db::Cancellation& cancellation,
                 const std::function<bool(std::vector<GroupedWrite>&, db::Session&)>& execute) {
  // One alone takes a round trip instead of three.
  if (group.size() < 2) return;
  const auto session =
      db::Session::Open(pool, cancellation, {.transaction = db::Transaction::kExplicit, .lock_timeout = kLockTimeout});
  // Without a connection they all hear of it by themselves.
  if (!session.ok() || !execute(group, **session)) return;
  // What is too large to be answered is not committed: alone it is asked for that.
  if (std::ranges::any_of(group, IsLarge)) return;
  // Whatever becomes of this thread from here on, nobody may run again who may be committed.
  const absl::Status unknown =
      status::CommitInDoubt("the server failed during the commit; it is not known whether it took place");
  for (GroupedWrite& write : group) write.member->response = unknown;
  const absl::Status committed = (*session)->Commit();
  const bool rolled_back = status::RolledBack(committed);
  for (GroupedWrite& write : group) {
    if (committed.ok()) {
      write.member->response = std::move(write.response);
    } else if (rolled_back) {
      write.member->response.reset();
    } else {
      write.member->response = committed;
    }
  }
}

void WriteGroup(const UnaryMethod& method, std::span<GroupMember> members, db::Pool& pool,
                const db::Cancellation& cancellation) {
  auto group = PlanGroup(method, members);
  // In the order of their keys, so that groups that write the same rows wait for each other in one order only.
  std::ranges::stable_sort(group, [](const GroupedWrite& a, const GroupedWrite& b) {
    return std::ranges::lexicographical_compare(a.operation->key(), b.operation->key());
  });
  // A row is written once in a transaction: its history and its etags are made by versions that others can see.
  group.erase(std::unique(group.begin(), group.end(), SameKey), group.end());
  CommitGroup(std::move(group), pool, cancellation, ExecuteEach);
}

}  // namespace protogres::crud
