#include "rpc/role_views.h"

#include <algorithm>
#include <exception>
#include <functional>

#include "status/macros.h"
#include "status/status.h"

namespace protogres::rpc {
namespace {

// So many roles are remembered at once, and a change of grants shows after so long.
constexpr std::size_t kMostRoles = 64;
constexpr std::chrono::seconds kRemembered{60};
// The longest that the database may take.
constexpr std::chrono::seconds kLongest{10};

bool Same(const std::weak_ptr<const Snapshot>& a, const std::shared_ptr<const Snapshot>& b) {
  return !a.owner_before(b) && !b.owner_before(a);
}

}  // namespace

// Belongs to the one who asks and, until it is answered, to itself: the call that has asked may end before.
class RoleViews::Look final : private Task, public std::enable_shared_from_this<Look> {
 public:
  Look(RoleViews& views, std::string role, std::shared_ptr<const Snapshot> snapshot, Call* call)
      : views_(views), role_(std::move(role)), snapshot_(std::move(snapshot)), call_(call) {}

  absl::Status Submit() {
    self_ = shared_from_this();
    auto submitted = views_.executor_.Submit(*this);
    if (!submitted.ok()) self_.reset();
    return submitted;
  }

  const std::shared_ptr<const Snapshot>& snapshot() const { return snapshot_; }
  // No value: it is not answered yet.
  std::optional<absl::StatusOr<View>> answer() {
    const std::lock_guard lock(mutex_);
    return answer_;
  }

 private:
  // Those who ask for a role have one share of the workers.
  TaskKey key() const override { return {&views_, nullptr, std::hash<std::string>()(role_) | 1}; }
  void Run() override { End(Read()); }
  void Refuse(const absl::Status& status) override { End(status); }

  absl::StatusOr<View> Read() try {
    if (auto known = views_.AnsweredMeanwhile(role_, snapshot_)) return known;
    const db::Cancellation cancellation(std::chrono::system_clock::now() + kLongest);
    ASSIGN_OR_RETURN(auto view, api::RoleView::Read(views_.pool_, cancellation, *snapshot_->api, role_));
    auto shared = std::make_shared<const api::RoleView>(std::move(view));
    views_.Keep(role_, snapshot_, shared);
    return shared;
  } catch (const std::exception& e) {
    return status::Thrown(e);
  }

  void End(absl::StatusOr<View> answer) {
    const auto self = std::move(self_);
    {
      const std::lock_guard lock(mutex_);
      answer_ = std::move(answer);
    }
    views_.service_calls_.Wake(call_);
  }

  RoleViews& views_;
  const std::string role_;
  const std::shared_ptr<const Snapshot> snapshot_;
  Call* const call_;  // may be gone
  std::shared_ptr<Look> self_;
  std::mutex mutex_;
  std::optional<absl::StatusOr<View>> answer_;
};

void RoleViews::Renew(const std::shared_ptr<const Snapshot>& snapshot) {
  if (Same(snapshot_, snapshot)) return;
  views_.clear();
  snapshot_ = snapshot;
}

RoleViews::View RoleViews::Find(const std::string& role, const std::shared_ptr<const Snapshot>& snapshot) {
  const std::lock_guard lock(mutex_);
  Renew(snapshot);
  return Kept(role);
}

RoleViews::View RoleViews::Kept(const std::string& role) const {
  const auto found = views_.find(role);
  return found != views_.end() && Clock::now() < found->second.until ? found->second.view : nullptr;
}

RoleViews::View RoleViews::AnsweredMeanwhile(const std::string& role, const std::shared_ptr<const Snapshot>& snapshot) {
  const std::lock_guard lock(mutex_);
  return Same(snapshot_, snapshot) ? Kept(role) : nullptr;
}

void RoleViews::Keep(const std::string& role, const std::shared_ptr<const Snapshot>& snapshot, const View& view) {
  const std::lock_guard lock(mutex_);
  if (!Same(snapshot_, snapshot)) return;
  if (views_.size() >= kMostRoles && !views_.contains(role)) {
    views_.erase(std::ranges::min_element(views_, {}, [](const auto& one) { return one.second.until; }));
  }
  views_[role] = {view, Clock::now() + kRemembered};
}

absl::StatusOr<std::shared_ptr<RoleViews::Look>> RoleViews::Start(const std::string& role,
                                                                  std::shared_ptr<const Snapshot> snapshot,
                                                                  Call& call) {
  auto look = std::make_shared<Look>(*this, role, std::move(snapshot), &call);
  RETURN_IF_ERROR(look->Submit());
  return look;
}

absl::StatusOr<RoleViews::View> RoleFilter::Of(const std::shared_ptr<const Snapshot>& snapshot, Call& call) {
  if (!snapshot->api) return nullptr;
  if (look_) {
    auto answer = look_->answer();
    if (!answer) return nullptr;
    const auto look = std::exchange(look_, nullptr);
    RETURN_IF_ERROR(answer->status());
    if (look->snapshot() == snapshot) return *answer;
    // The catalog was read again meanwhile: so it is asked for again.
  }
  if (auto known = views_.Find(role_, snapshot)) return known;
  ASSIGN_OR_RETURN(look_, views_.Start(role_, snapshot, call));
  return nullptr;
}

}  // namespace protogres::rpc
