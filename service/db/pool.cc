#include "db/pool.h"

#include <atomic>

#include "db/pool_state.h"
#include "fmt/format.h"
#include "metrics/counts.h"
#include "spdlog/spdlog.h"
#include "status/macros.h"
#include "status/sqlstate.h"
#include "status/status.h"

namespace protogres::db {
namespace {

// How often a request whose pool_timeout has passed looks whether the connection that is made for it still is.
constexpr std::chrono::milliseconds kComing{50};

}  // namespace

// --- Lease

Lease::Lease(Lease&& other) noexcept = default;

Lease& Lease::operator=(Lease&& other) noexcept {
  Lease old;
  old.slot_ = std::exchange(slot_, std::exchange(other.slot_, nullptr));
  return *this;
}

Lease::~Lease() {
  if (slot_ != nullptr) LateReturns::Take(this);
  if (slot_ == nullptr) return;
  Pool::State* const pool = slot_->pool;
  pool->Release(std::move(slot_));
}

Connection& Lease::connection() const { return *slot_->connection; }

void Lease::Discard() { slot_->discard = true; }

void Lease::Answered() { slot_->pool->Answered(); }

void Lease::Lost() {
  metrics::Counts::OfProcess().connections_lost.Add();
  slot_->discard = true;
  slot_->pool->Invalidate(slot_->generation);
}

thread_local LateReturns* LateReturns::of_thread_ = nullptr;

LateReturns::LateReturns() { of_thread_ = this; }

LateReturns::~LateReturns() {
  Return();
  of_thread_ = nullptr;
}

void LateReturns::Take(Lease* lease) {
  if (of_thread_ == nullptr || of_thread_->lease_ || lease->slot_->discard) return;
  const ResetOnReturn reset = lease->slot_->pool->options.reset_on_return;
  if (reset == ResetOnReturn::kNone || !lease->connection().ResetAsks(reset == ResetOnReturn::kDiscard)) return;
  of_thread_->lease_.slot_ = std::move(lease->slot_);
}

void LateReturns::Return() {
  // So that it is not taken over again.
  LateReturns* const self = std::exchange(of_thread_, nullptr);
  lease_ = Lease();
  of_thread_ = self;
}

// --- Lending

absl::StatusOr<std::shared_ptr<Lease::Slot>> Pool::State::Acquire(Clock::time_point deadline) {
  std::optional<Clock::time_point> until;
  for (;;) {
    Lock lock(mutex);
    if (closed) return status::ShuttingDown();
    if (!available) {
      DemandLocked();
      return GoneStatusLocked();
    }
    SlotPtr slot = TakeIdleLocked();
    if (slot != nullptr) {
      LendLocked(*slot);
      metrics::Counts::OfProcess().pool_waits.Observe(0);
    } else {
      const bool far = options.pool_timeout >= deadline - now();
      if (!until) until = far ? deadline : now() + options.pool_timeout;
      RETURN_IF_ERROR(WaitLocked(lock, *until, *until == deadline, &slot));
    }
    const bool current = slot->proven || CurrentLocked(*slot);
    const bool moved = std::exchange(slot->catalog, catalog) != catalog;
    lock.unlock();
    if (moved) slot->connection->Forget();
    if (current && (std::exchange(slot->proven, false) || Usable(*slot))) return slot;
    Drop(std::move(slot));
  }
}

absl::Status Pool::State::WaitLocked(Lock& lock, Clock::time_point until, bool far, SlotPtr* slot) {
  const auto begin = Clock::now();
  AskedLocked();
  Waiter waiter;
  waiters.push_back(&waiter);
  if (failing) DemandLocked();
  ConnectLocked();
  while (waiter.slot == nullptr && !waiter.refused) {
    auto left = until - now();
    if (left <= Clock::duration::zero()) {
      // pool_timeout is for connections that others have: the time to make one is not counted.
      if (far || !IsComingLocked(waiter)) break;
      left = kComing;
    }
    // A deadline of "never" must not overflow the wait's own sum.
    waiter.wake.wait_for(lock, std::min<Clock::duration>(left, std::chrono::hours(1)));
  }
  if (waiter.slot != nullptr) {
    *slot = std::move(waiter.slot);
    metrics::Counts::OfProcess().pool_waits.ObserveSince(begin);
    return absl::OkStatus();
  }
  if (waiter.refused) return *waiter.refused;
  std::erase(waiters, &waiter);
  if (far) {
    return status::Error(absl::StatusCode::kDeadlineExceeded,
                         "the deadline passed while the request waited for a database connection",
                         status::kDeadlineExceeded);
  }
  metrics::Counts::OfProcess().pool_timeouts.Add();
  return status::Error(
      absl::StatusCode::kResourceExhausted,
      fmt::format("no database connection became free within {} ms: of {} (pool_size {} + max_overflow {}) {} were in "
                  "use{}",
                  options.pool_timeout.count(), capacity, options.pool_size, options.max_overflow, lent,
                  failing ? ", and no new one can be made" : ""),
      status::kPoolTimeout);
}

bool Pool::State::IsComingLocked(const Waiter& waiter) const {
  const auto place = std::ranges::find(waiters, &waiter) - waiters.begin();
  return !failing && place < static_cast<std::ptrdiff_t>(attempts.size());
}

void Pool::State::LendLocked(const Slot& slot) {
  AskedLocked();
  ++lent;
  if (slot.generation == generation) ++lent_current;
}

void Pool::State::ReturnLocked(const Slot& slot) {
  --lent;
  if (slot.generation == generation) --lent_current;
}

std::shared_ptr<Lease::Slot> Pool::State::TakeIdleLocked() {
  if (idle.empty()) {
    least_idle = 0;
    return nullptr;
  }
  SlotPtr slot;
  if (options.pool_use_lifo) {
    slot = std::move(idle.back());
    idle.pop_back();
  } else {
    slot = std::move(idle.front());
    idle.pop_front();
  }
  least_idle = std::min(least_idle, static_cast<int>(idle.size()));
  return slot;
}

// While no new connection can be made, an old one is better than none.
bool Pool::State::CurrentLocked(const Slot& slot) const {
  return slot.generation == generation && (failing || now() < slot.expires);
}

bool Pool::State::Usable(Slot& slot) {
  if (!slot.connection->Idle()) {
    metrics::Counts::OfProcess().connections_lost.Add();
    return false;
  }
  if (!options.pool_pre_ping) return true;
  const absl::Status alive = slot.connection->Ping();
  if (alive.ok()) return true;
  metrics::Counts::OfProcess().failed_pings.Add();
  spdlog::debug("pool: a connection failed its pre-ping: {}", std::string(alive.message()));
  if (status::ConnectionLost(alive)) Invalidate(slot.generation);
  return false;
}

void Pool::State::AskedLocked() {
  if (asked.load(std::memory_order_relaxed) != kNothingAsked) return;
  asked.store(Clock::now().time_since_epoch(), std::memory_order_relaxed);
}

void Pool::State::Answered() { asked.store(kNothingAsked, std::memory_order_relaxed); }

void Pool::State::RefuseAllLocked(const absl::Status& status) {
  for (Waiter* waiter : waiters) {
    waiter->refused = status;
    waiter->wake.notify_one();
  }
  waiters.clear();
}

void Pool::State::Close() {
  Lock lock(mutex);
  closed = true;
  RefuseAllLocked(status::ShuttingDown());
}

// --- Giving back

bool Pool::State::Reset(Slot& slot) const {
  if (!slot.connection->Idle()) return false;
  const absl::Status reset = slot.connection->Reset(options.reset_on_return == ResetOnReturn::kDiscard);
  if (reset.ok()) return true;
  // A function that does so may do it all the time.
  static std::atomic<bool> told = false;
  spdlog::log(told.exchange(true) ? spdlog::level::debug : spdlog::level::warn,
              "a connection is closed instead of lent again: {}; see --reset_on_return", std::string(reset.message()));
  return false;
}

void Pool::State::Release(SlotPtr slot) {
  const bool clean = !slot->discard && (options.reset_on_return == ResetOnReturn::kNone || Reset(*slot));
  bool back = false;
  {
    Lock lock(mutex);
    if (clean && CurrentLocked(*slot)) {
      ReturnLocked(*slot);
      back = !available;
      // One connection that works is enough to serve.
      available = true;
      GiveLocked(std::move(slot));
    }
  }
  if (back) MarkBack();
  if (slot != nullptr) Drop(std::move(slot));
}

void Pool::State::Drop(SlotPtr slot) {
  bool examine = false;
  {
    Lock lock(mutex);
    ReturnLocked(*slot);
    const bool old = slot->generation == generation && now() >= slot->expires;
    if (old && !slot->discard) metrics::Counts::OfProcess().connections_recycled.Add();
    ConnectLocked();
    examine = failing && available;
  }
  slot.reset();
  if (examine) Examine();
}

void Pool::State::GiveLocked(SlotPtr slot) {
  if (waiters.empty()) {
    idle.push_back(std::move(slot));
    return;
  }
  LendLocked(*slot);
  Waiter* const first = waiters.front();
  waiters.pop_front();
  first->slot = std::move(slot);
  // Under the mutex: the waiter is gone as soon as it sees the grant.
  first->wake.notify_one();
}

void Pool::State::Invalidate(std::optional<std::uint64_t> only) {
  std::deque<SlotPtr> old;
  Lock lock(mutex);
  if (only && *only != generation) return;
  ++generation;
  lent_current = 0;
  old.swap(idle);
  probe = true;
  ConnectLocked();
  lock.unlock();
}

// --- Pool

Pool::Pool(PoolOptions options, ConnectionFactory factory, std::function<Clock::time_point()> now)
    : state_(std::make_shared<State>(std::move(options), std::move(factory), std::move(now))) {
  state_->watcher = std::thread([state = state_.get()] { state->Watch(); });
}

Pool::~Pool() { state_->Stop(); }

absl::StatusOr<Lease> Pool::Acquire(Clock::time_point deadline) {
  // The last connection may be one that this thread has.
  if (LateReturns::of_thread_ != nullptr) LateReturns::of_thread_->Return();
  Lease lease;
  ASSIGN_OR_RETURN(lease.slot_, state_->Acquire(deadline));
  return lease;
}

bool Pool::available() const {
  State::Lock lock(state_->mutex);
  return state_->available;
}

void Pool::OnAvailability(std::function<void(bool)> listener) {
  {
    std::lock_guard listening(state_->listener_mutex);
    state_->listener = std::move(listener);
  }
  state_->Notify();
}

void Pool::ForgetStatements() {
  State::Lock lock(state_->mutex);
  ++state_->catalog;
}

void Pool::Close() { state_->Close(); }

void Pool::Invalidate() { state_->Invalidate({}); }

int Pool::capacity() const { return state_->capacity; }

Pool::Stats Pool::stats() const {
  State::Lock lock(state_->mutex);
  const int idle = static_cast<int>(state_->idle.size());
  return {.open = state_->lent + idle,
          .lent = state_->lent,
          .idle = idle,
          .waiting = static_cast<int>(state_->waiters.size())};
}

}  // namespace protogres::db
