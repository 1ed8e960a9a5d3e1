#include "crud/group.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "crud/match.h"
#include "status/sqlstate.h"
#include "status/status.h"

namespace protogres::crud {
namespace {

using contract::MethodKind;

// The largest request and the largest answer that a group takes, in bytes. For larger ones the COMMIT is the least of
// the cost, and a group holds all of its requests and answers in memory.
constexpr std::size_t kMaxMemberBytes = 64 * 1024;
// How long a group waits for a lock. After that its members are run alone, and each waits for its own lock; meanwhile
// other groups that held one are done.
constexpr std::chrono::milliseconds kLockTimeout{50};
// The most rows that a group inserts in one statement.
constexpr std::size_t kMaxInsertRows = 64;

// A member of a group, and the write that its request asks for.
struct GroupedWrite {
  GroupMember* member = nullptr;
  RowWrite write;
  absl::StatusOr<std::string> response = std::string();
};

// Plans the members that a group can take. A bad request has its response at once.
std::vector<GroupedWrite> PlanGroup(const BoundTable& bound, MethodKind kind, RowPlanner plan,
                                    std::span<GroupMember> members) {
  std::vector<GroupedWrite> group;
  group.reserve(members.size());
  for (GroupMember& member : members) {
    if (member.request.size() > kMaxMemberBytes) continue;
    const auto request = bound.Decode(kind, member.request);
    if (!request.ok()) {
      member.response = request.status();
      continue;
    }
    if (request->validate_only || !request->request_id.empty()) continue;
    auto write = plan(bound, *request);
    if (!write.ok()) {
      member.response = write.status();
    } else if (write->nested == nullptr) {
      group.push_back({.member = &member, .write = *std::move(write)});
    }
  }
  return group;
}

// Puts the Creates of a group that assign the same columns beside each other: one INSERT takes them.
void OrderByColumns(std::vector<GroupedWrite>* group) {
  std::ranges::stable_sort(*group, [](const GroupedWrite& a, const GroupedWrite& b) {
    return std::ranges::lexicographical_compare(a.write.row, b.write.row, {}, &sql::Assignment::field,
                                                &sql::Assignment::field);
  });
}

// Puts the writes of a group in the order of their keys, so that groups that write the same rows wait for each other in
// one order only. Of those that write the same row only the first stays: a row is written once in a transaction, since
// its history and its etags are made by versions that others can see.
void OrderByKey(std::vector<GroupedWrite>* group) {
  const auto key = [](const GroupedWrite& grouped) -> const sql::Key& { return grouped.write.key; };
  std::ranges::stable_sort(*group, {}, key);
  const auto same = [&key](const GroupedWrite& a, const GroupedWrite& b) { return key(a) == key(b); };
  group->erase(std::unique(group->begin(), group->end(), same), group->end());
}

// An INSERT's text depends on its columns.
bool HaveSameColumns(const GroupedWrite& a, const GroupedWrite& b) {
  return std::ranges::equal(a.write.row, b.write.row, {}, &sql::Assignment::field, &sql::Assignment::field);
}

// How many of `writes`, which are in the order of their columns, the next INSERT takes: rows with the same columns. The
// text depends on their number too, so it is a round one (1 to 8, 10, 12, 14, 16, 20, ...): then a few prepared
// statements are enough for all groups.
std::size_t CountOfNextInsert(std::span<const GroupedWrite> writes) {
  const std::size_t columns = writes.front().write.row.size();
  const std::size_t most = std::min(kMaxInsertRows, sql::kMaxStatementParams / std::max<std::size_t>(1, columns));
  std::size_t alike = 1;
  while (alike < std::min(writes.size(), most) && HaveSameColumns(writes.front(), writes[alike])) ++alike;
  return alike - alike % std::max<std::size_t>(1, std::bit_floor(alike) / 4);
}

// Inserts the rows of `writes` in one statement. False: it has failed, or it is not known which row is whose.
bool InsertRows(const BoundTable& bound, std::span<GroupedWrite> writes, db::Session& session) {
  std::vector<sql::Row> rows;
  rows.reserve(writes.size());
  for (GroupedWrite& grouped : writes) rows.push_back(std::move(grouped.write.row));
  const sql::Statement statement = sql::Insert(bound.table(), rows, bound.whole().projection);
  const auto stored = session.Write(statement.text, statement.params);
  if (!stored.ok() || !IsInOrder(bound.table(), rows, *stored)) return false;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const auto encoded = bound.Encode(bound.whole(), *stored, static_cast<std::int64_t>(i), &*writes[i].response);
    if (!encoded.ok()) return false;
  }
  return true;
}

// Runs a group of Creates. False: one of its statements has failed.
bool InsertAll(const BoundTable& bound, std::span<GroupedWrite> group, db::Session& session) {
  while (!group.empty()) {
    const std::size_t count = CountOfNextInsert(group);
    if (!InsertRows(bound, group.first(count), session)) return false;
    group = group.subspan(count);
  }
  return true;
}

// `error` is of a write that met no row: it has written nothing, and the transaction goes on.
bool IsOfOneMember(const absl::Status& error, const db::Session& session) {
  if (session.aborted() || session.lost()) return false;
  const std::string reason = status::ReasonOf(error);
  return absl::IsNotFound(error) || reason == status::kEtagMismatch || reason == status::kRowNotDeleted;
}

// Runs the writes of a group one after the other. False: one of them has failed, and the transaction with it.
bool WriteAll(const BoundTable& bound, std::span<GroupedWrite> group, db::Session& session) {
  for (GroupedWrite& grouped : group) {
    grouped.response = AnswerRow(bound, grouped.write, session);
    if (!grouped.response.ok() && !IsOfOneMember(grouped.response.status(), session)) return false;
  }
  return true;
}

// Commits, and gives the members their responses.
void Commit(std::span<GroupedWrite> group, db::Session& session) {
  // Whatever becomes of this thread from here on, nobody may run again who may be committed.
  const absl::Status unknown =
      status::CommitInDoubt("the server failed during the commit; it is not known whether it took place");
  for (GroupedWrite& grouped : group) grouped.member->response = unknown;
  const absl::Status committed = session.Commit();
  const bool rolled_back = status::RolledBack(committed);
  for (GroupedWrite& grouped : group) {
    if (committed.ok()) {
      grouped.member->response = std::move(grouped.response);
    } else if (rolled_back) {
      grouped.member->response.reset();
    } else {
      grouped.member->response = committed;
    }
  }
}

bool IsLarge(const BoundTable& bound, const GroupedWrite& grouped) {
  const auto most = std::min<std::int64_t>(kMaxMemberBytes, bound.limits().max_answer_bytes);
  return grouped.response.ok() && static_cast<std::int64_t>(grouped.response->size()) > most;
}

}  // namespace

Grouping GroupingOfWrites(const BoundTable& bound) {
  const auto& table = bound.table();
  return catalog::IsStored(table.relation) && !table.sharded() ? Grouping::kCommit : Grouping::kNone;
}

void RunWriteGroup(const BoundTable& bound, MethodKind kind, RowPlanner plan, std::span<GroupMember> members,
                   const db::Access& access) {
  const bool creates = kind == MethodKind::kCreate;
  auto group = PlanGroup(bound, kind, plan, members);
  if (creates) {
    OrderByColumns(&group);
  } else {
    OrderByKey(&group);
  }
  // One alone takes a round trip instead of two.
  if (group.size() < 2) return;
  const auto session = access.Open({.transaction = db::Transaction::kExplicit, .lock_timeout = kLockTimeout});
  // Without a connection each member is run alone, and hears of it there.
  if (!session.ok()) return;
  if (!(creates ? InsertAll(bound, group, **session) : WriteAll(bound, group, **session))) return;
  // An answer that is too large may be refused before anything is committed: that is checked where it is run alone.
  if (std::ranges::any_of(group, [&](const GroupedWrite& grouped) { return IsLarge(bound, grouped); })) return;
  Commit(group, **session);
}

}  // namespace protogres::crud
