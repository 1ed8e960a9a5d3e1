// What reflection may show to a role: read from the database when it is first asked for, and kept for a while.
#ifndef PROTOGRES_SERVICE_RPC_ROLE_VIEWS_H_
#define PROTOGRES_SERVICE_RPC_ROLE_VIEWS_H_

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "api/role_view.h"
#include "db/pool.h"
#include "rpc/call.h"
#include "rpc/executor.h"
#include "rpc/service_calls.h"
#include "rpc/snapshot.h"

namespace protogres::rpc {

// Thread-safe. Outlives the Executor's Tasks.
class RoleViews {
 public:
  using View = std::shared_ptr<const api::RoleView>;
  // A question to the database, and its answer.
  class Look;

  RoleViews(Executor& executor, db::Pool& pool, ServiceCalls& service_calls)
      : executor_(executor), pool_(pool), service_calls_(service_calls) {}

  // Null: it is not known. It is that of the Snapshot, and at most a minute old.
  View Find(const std::string& role, const std::shared_ptr<const Snapshot>& snapshot);
  // Lets a worker read it, and wakes `call`, which is one of the ServiceCalls, when that is done. RESOURCE_EXHAUSTED,
  // UNAVAILABLE: see Executor::Submit. The Snapshot must have an Api.
  absl::StatusOr<std::shared_ptr<Look>> Start(const std::string& role, std::shared_ptr<const Snapshot> snapshot,
                                              Call& call);

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    View view;
    Clock::time_point until;
  };

  // Of what is kept. The lock must be held.
  View Kept(const std::string& role) const;
  // The same as Find, but for a question that may be of an older Snapshot.
  View AnsweredMeanwhile(const std::string& role, const std::shared_ptr<const Snapshot>& snapshot);
  void Keep(const std::string& role, const std::shared_ptr<const Snapshot>& snapshot, const View& view);
  // Forgets what is of another Snapshot. The lock must be held.
  void Renew(const std::shared_ptr<const Snapshot>& snapshot);

  Executor& executor_;
  db::Pool& pool_;
  ServiceCalls& service_calls_;
  std::mutex mutex_;
  std::weak_ptr<const Snapshot> snapshot_;  // whose views these are
  absl::flat_hash_map<std::string, Entry> views_;
};

// What one stream of reflection may show. For one thread.
class RoleFilter {
 public:
  RoleFilter(RoleViews& views, std::string role) : views_(views), role_(std::move(role)) {}

  // The view of the Snapshot. Null, where it has an Api: `call` must wait until it is woken, and ask again. The errors
  // are those of RoleViews::Start and api::RoleView::Read.
  absl::StatusOr<RoleViews::View> Of(const std::shared_ptr<const Snapshot>& snapshot, Call& call);

 private:
  RoleViews& views_;
  const std::string role_;
  std::shared_ptr<RoleViews::Look> look_;  // null: no question is open
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_ROLE_VIEWS_H_
