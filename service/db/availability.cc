// Finds out whether the database is available, and has the thread that watches.
#include "db/pool_state.h"
#include "fmt/format.h"
#include "metrics/counts.h"
#include "spdlog/spdlog.h"
#include "status/status.h"

namespace protogres::db {
namespace {

using std::chrono::milliseconds;

// How often the idle connections are looked at. So a lost database is seen without traffic, and connections beyond
// pool_size are closed.
constexpr milliseconds kWatchInterval{1000};
// An attempt to connect that lasts so long while the database answers nothing else counts as failed.
constexpr milliseconds kUnanswered{2000};

}  // namespace

absl::Status Pool::State::GoneStatusLocked() const {
  // The cause may name the host and the role of the database, so it is only for the log.
  return status::WithRetry(
      status::Error(absl::StatusCode::kUnavailable, "the database is not available; the server tries to reach it again",
                    status::kDatabaseUnavailable),
      options.backoff_min);
}

bool Pool::State::Ping(Slot& slot) {
  const absl::Status alive =
      slot.connection->Idle() ? slot.connection->Ping() : absl::UnavailableError("it is not idle");
  if (alive.ok()) {
    Answered();
  } else {
    metrics::Counts::OfProcess().failed_pings.Add();
  }
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
        // Another thread may have found no idle connection meanwhile, and marked the database as gone.
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
    // Connections that are lent and still of use show by themselves whether they live.
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

// Tells the listener the latest state. It hears of each change once, in order.
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
  metrics::Counts::OfProcess().connections_lost.Add(dead.size());
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

// Takes the connections beyond pool_size that nobody has used since the last look. SQLAlchemy closes such connections
// when they are given back; where load comes in bursts, they would then be opened again for the next request.
void Pool::State::TakeSurplusLocked(std::vector<SlotPtr>* surplus) {
  for (int left = least_idle - std::max(0, options.pool_size); left > 0 && !idle.empty(); --left) {
    surplus->push_back(std::move(idle.front()));
    idle.pop_front();
  }
  least_idle = static_cast<int>(idle.size());
}

}  // namespace protogres::db
