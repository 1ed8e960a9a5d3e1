// Whether the database is there, and the thread that watches.
#include "db/pool_state.h"
#include "fmt/format.h"
#include "spdlog/spdlog.h"
#include "status/status.h"

namespace protogres::db {
namespace {

using std::chrono::milliseconds;

// How often idle connections are looked at, so that a lost database is seen without traffic and overflow is closed.
constexpr milliseconds kWatchInterval{1000};
// An attempt to connect that lasts so long, while the database answers nothing else, is taken for a failed one.
constexpr milliseconds kUnanswered{2000};

}  // namespace

absl::Status Pool::State::GoneStatusLocked() const {
  // Why is for the log: the words may name the database's host and role.
  return status::WithRetry(
      status::Error(absl::StatusCode::kUnavailable, "the database is not available; the server tries to reach it again",
                    status::kDatabaseUnavailable),
      options.backoff_min);
}

bool Pool::State::Ping(Slot& slot) {
  const absl::Status alive =
      slot.connection->Idle() ? slot.connection->Ping() : absl::UnavailableError("it is not idle");
  if (alive.ok()) Answered();
  return alive.ok();
}

void Pool::State::Examine() {
  for (;;) {
    SlotPtr slot;
    {
      Lock lock(mutex);
      if (!available) return;
      slot = TakeIdleLocked();
      if (slot == nullptr) break;
      LendLocked(*slot);
    }
    const bool alive = Ping(*slot);
    bool back = false;
    {
      Lock lock(mutex);
      ReturnLocked(*slot);
      if (alive && slot->generation == generation) {
        // Another thread may have found none to ask meanwhile.
        back = !std::exchange(available, true);
        GiveLocked(std::move(slot));
      }
    }
    if (back) MarkBack();
    if (slot == nullptr) return;
  }
  MarkGone();
}

bool Pool::State::SilentLocked() const {
  const Clock::duration since = asked.load(std::memory_order_relaxed);
  return since != kNothingAsked && Clock::now() - Clock::time_point(since) > options.silence;
}

void Pool::State::MarkGone() {
  std::string why;
  {
    Lock lock(mutex);
    if (stopping || !available || !idle.empty()) return;
    const bool silent = SilentLocked() && (failing || HangingLocked(kUnanswered));
    // Those that are lent and still of use show by themselves whether they live.
    if (!silent && !(failing && lent_current == 0)) return;
    if (!std::exchange(failing, true)) {
      cause = absl::UnavailableError(fmt::format(
          "it has not answered any statement for {} ms, nor does it answer a new connection", options.silence.count()));
      next_attempt = Clock::now();
    }
    why = std::string(cause.message());
    available = false;
    if (!waiters.empty()) DemandLocked();
    RefuseAllLocked(GoneStatusLocked());
    watcher_wake.notify_one();
  }
  spdlog::warn("the database is not available: {}", why);
  Notify();
}

void Pool::State::MarkBack() {
  spdlog::info("the database is available again");
  Notify();
}

// The listener hears the latest state, each change once, in order.
void Pool::State::Notify() {
  std::lock_guard listening(listener_mutex);
  bool current;
  {
    Lock lock(mutex);
    current = available;
  }
  if (current == notified) return;
  notified = current;
  if (listener) listener(current);
}

// --- The watcher: the maintenance thread

void Pool::State::Watch() {
  Lock lock(mutex);
  Clock::time_point last = Clock::now();
  while (!stopping) {
    watcher_wake.wait_until(lock, std::min(last + kWatchInterval, NextAttemptLocked()));
    if (stopping) return;
    if (const auto time = Clock::now(); time - last >= kWatchInterval) {
      last = time;
      LookLocked(lock);
    }
    ConnectLocked();
  }
}

void Pool::State::LookLocked(Lock& lock) {
  std::vector<SlotPtr> dead;
  TakeDeadLocked(&dead);
  const bool silent = available && SilentLocked();
  probe = probe || !dead.empty() || (silent && idle.empty());
  TakeSurplusLocked(&dead);
  lock.unlock();
  dead.clear();
  if (silent) Examine();
  lock.lock();
}

void Pool::State::TakeDeadLocked(std::vector<SlotPtr>* dead) {
  for (auto slot = idle.begin(); slot != idle.end();) {
    if ((*slot)->connection->Idle()) {
      ++slot;
    } else {
      dead->push_back(std::move(*slot));
      slot = idle.erase(slot);
    }
  }
}

// Connections beyond pool_size that nobody had a use for since the last look. Closed when they are given back, as
// SQLAlchemy has it, they would be opened again for the next request wherever load comes in bursts.
void Pool::State::TakeSurplusLocked(std::vector<SlotPtr>* surplus) {
  for (int left = least_idle - std::max(0, options.pool_size); left > 0 && !idle.empty(); --left) {
    surplus->push_back(std::move(idle.front()));
    idle.pop_front();
  }
  least_idle = static_cast<int>(idle.size());
}

}  // namespace protogres::db
