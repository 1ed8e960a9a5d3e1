#include "db/pool.h"

#include "contract/error.h"
#include "db/error.h"
#include "db/pool_state.h"
#include "fmt/format.h"
#include "spdlog/spdlog.h"

namespace protogres::db {

// --- Lease

Lease::Lease(Lease&& other) noexcept = default;

Lease& Lease::operator=(Lease&& other) noexcept {
  Lease old;
  old.slot_ = std::exchange(slot_, std::exchange(other.slot_, nullptr));
  return *this;
}

Lease::~Lease() {
  if (slot_ == nullptr) return;
  Pool::State* const pool = slot_->pool;
  pool->Release(std::move(slot_));
}

Connection& Lease::connection() const { return *slot_->connection; }

void Lease::Discard() { slot_->discard = true; }

void Lease::Lost() {
  slot_->discard = true;
  slot_->pool->Invalidate(slot_->generation);
}

// --- Lending

absl::StatusOr<std::shared_ptr<Lease::Slot>> Pool::State::Acquire(Clock::time_point deadline) {
  SlotPtr slot;
  {
    Lock lock(mutex);
    if (!available) return GoneStatus();
    if (permits > 0) {
      --permits;
      slot = TakeIdle();
    } else if (absl::Status status = Wait(lock, deadline, &slot); !status.ok()) {
      return status;
    }
  }
  while (slot != nullptr) {
    if (Usable(*slot)) return slot;
    slot.reset();
    Lock lock(mutex);
    slot = TakeIdle();
  }
  auto made = Make();
  if (!made.ok()) FreePermit();
  return made;
}

absl::Status Pool::State::Wait(Lock& lock, Clock::time_point deadline, SlotPtr* slot) {
  const Clock::time_point start = now();
  const bool far = options.pool_timeout >= deadline - start;
  const Clock::time_point until = far ? deadline : start + options.pool_timeout;
  Waiter waiter;
  waiters.push_back(&waiter);
  while (!waiter.granted && !waiter.refused) {
    const auto left = until - now();
    if (left <= Clock::duration::zero()) break;
    // A deadline of "never" must not overflow the wait's own sum.
    waiter.wake.wait_for(lock, std::min<Clock::duration>(left, std::chrono::hours(1)));
  }
  if (waiter.granted) {
    *slot = std::move(waiter.slot);
    return absl::OkStatus();
  }
  if (waiter.refused) return *waiter.refused;
  std::erase(waiters, &waiter);
  if (far) {
    return contract::Error(absl::StatusCode::kDeadlineExceeded,
                           "the deadline passed while the request waited for a database connection",
                           "DEADLINE_EXCEEDED");
  }
  return contract::Error(
      absl::StatusCode::kResourceExhausted,
      fmt::format("no database connection became free within {} ms: all {} of them (pool_size {} + max_overflow {}) "
                  "were in use",
                  options.pool_timeout.count(), capacity, options.pool_size, options.max_overflow),
      "POOL_TIMEOUT");
}

std::shared_ptr<Lease::Slot> Pool::State::TakeIdle() {
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

bool Pool::State::Usable(Slot& slot) {
  {
    Lock lock(mutex);
    if (!Current(slot)) return false;
  }
  if (!slot.connection->Idle()) return false;
  if (!options.pool_pre_ping) return true;
  const absl::Status alive = slot.connection->Ping();
  if (alive.ok()) return true;
  spdlog::debug("pool: a connection failed its pre-ping: {}", std::string(alive.message()));
  if (ConnectionLost(alive)) Invalidate(slot.generation);
  return false;
}

absl::StatusOr<std::shared_ptr<Lease::Slot>> Pool::State::Make() {
  auto slot = std::make_shared<Slot>();
  std::uint64_t seen_successes = 0;
  {
    Lock lock(mutex);
    // Noted before the attempt: what Invalidate is called for meanwhile may concern it.
    slot->generation = generation;
    seen_successes = successes;
  }
  auto connection = factory();
  if (!connection.ok()) {
    const absl::Status& failed = connection.status();
    // The server is there, and what it says holds for this request alone.
    if (failed.code() == absl::StatusCode::kResourceExhausted) return failed;
    MarkGone(failed, seen_successes);
    Lock lock(mutex);
    return available ? contract::WithRetry(contract::Error(absl::StatusCode::kUnavailable,
                                                           std::string(failed.message()), "DATABASE_UNAVAILABLE"),
                                           options.backoff_min)
                     : GoneStatus();
  }
  slot->pool = this;
  slot->connection = *std::move(connection);
  Lock lock(mutex);
  ++successes;
  slot->expires = Clock::time_point::max();
  if (options.pool_recycle.count() > 0) {
    std::uniform_real_distribution<double> shortened(0.9, 1.0);
    slot->expires = now() + std::chrono::duration_cast<Clock::duration>(options.pool_recycle * shortened(random));
  }
  return slot;
}

// --- Giving back

void Pool::State::Release(SlotPtr slot) {
  const bool clean = !slot->discard && (options.reset_on_return == ResetOnReturn::kNone || slot->connection->Idle());
  SlotPtr closed;
  Lock lock(mutex);
  if (!clean || !Current(*slot)) closed = std::move(slot);
  GivePermit(std::move(slot));
  lock.unlock();
}

void Pool::State::FreePermit() {
  Lock lock(mutex);
  GivePermit(nullptr);
}

void Pool::State::GivePermit(SlotPtr slot) {
  if (waiters.empty()) {
    ++permits;
    if (slot != nullptr) idle.push_back(std::move(slot));
    return;
  }
  Waiter* const first = waiters.front();
  waiters.pop_front();
  first->granted = true;
  first->slot = slot != nullptr ? std::move(slot) : TakeIdle();
  // Under the mutex: the waiter is gone as soon as it sees the grant.
  first->wake.notify_one();
}

void Pool::State::Invalidate(std::optional<std::uint64_t> only) {
  std::deque<SlotPtr> closed;
  Lock lock(mutex);
  if (only && *only != generation) return;
  ++generation;
  closed.swap(idle);
  probe = true;
  watcher_wake.notify_one();
  lock.unlock();
}

// --- Pool

Pool::Pool(PoolOptions options, ConnectionFactory factory, std::function<Clock::time_point()> now)
    : state_(std::make_shared<State>(std::move(options), std::move(factory), std::move(now))) {
  state_->watcher = std::thread([state = state_.get()] { state->Watch(); });
}

Pool::~Pool() {
  {
    State::Lock lock(state_->mutex);
    state_->stopping = true;
    state_->watcher_wake.notify_one();
  }
  state_->watcher.join();
}

absl::StatusOr<Lease> Pool::Acquire(Clock::time_point deadline) {
  auto slot = state_->Acquire(deadline);
  if (!slot.ok()) return slot.status();
  Lease lease;
  lease.slot_ = *std::move(slot);
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

void Pool::Invalidate() { state_->Invalidate({}); }

int Pool::capacity() const { return state_->capacity; }

Pool::Stats Pool::stats() const {
  State::Lock lock(state_->mutex);
  const int lent = state_->capacity - state_->permits;
  const int idle = static_cast<int>(state_->idle.size());
  return {.open = lent + idle, .lent = lent, .idle = idle, .waiting = static_cast<int>(state_->waiters.size())};
}

}  // namespace protogres::db
