// Whether the database is there, and the thread that watches and reconnects.
#include "contract/error.h"
#include "db/pool_state.h"
#include "fmt/format.h"
#include "spdlog/spdlog.h"

namespace protogres::db {
namespace {

// How often idle connections are looked at, so that a lost database is seen without traffic and overflow is closed.
constexpr std::chrono::milliseconds kWatchInterval{1000};

}  // namespace

absl::Status Pool::State::GoneStatus() const {
  return contract::WithRetry(
      contract::Error(absl::StatusCode::kUnavailable,
                      fmt::format("the database is not available: {}", std::string(cause.message())),
                      "DATABASE_UNAVAILABLE"),
      options.backoff_min);
}

void Pool::State::MarkGone(const absl::Status& failed, std::uint64_t seen_successes) {
  std::deque<SlotPtr> closed;
  {
    Lock lock(mutex);
    // An attempt that began before the last success is of no interest any more.
    if (stopping || seen_successes != successes) return;
    cause = failed;
    if (!available) return;
    available = false;
    ++generation;
    closed.swap(idle);
    for (Waiter* waiter : waiters) {
      waiter->refused = GoneStatus();
      waiter->wake.notify_one();
    }
    waiters.clear();
    watcher_wake.notify_one();
  }
  spdlog::warn("the database is not available: {}", std::string(failed.message()));
  Notify();
}

void Pool::State::MarkBack() {
  {
    Lock lock(mutex);
    if (available) return;
    available = true;
    cause = absl::OkStatus();
  }
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
  while (!stopping) {
    watcher_wake.wait_for(lock, kWatchInterval, [this] { return stopping || probe || !available; });
    if (stopping) return;
    if (!available) {
      lock.unlock();
      Reconnect();
      lock.lock();
      continue;
    }
    std::vector<SlotPtr> dead;
    const bool connect = HasDeadIdle(&dead) || probe;
    probe = false;
    TakeSurplus(&dead);
    lock.unlock();
    dead.clear();
    if (connect) TryConnect();
    lock.lock();
  }
}

bool Pool::State::HasDeadIdle(std::vector<SlotPtr>* dead) {
  for (auto slot = idle.begin(); slot != idle.end();) {
    if ((*slot)->connection->Idle()) {
      ++slot;
    } else {
      dead->push_back(std::move(*slot));
      slot = idle.erase(slot);
    }
  }
  return !dead->empty();
}

// Connections beyond pool_size that nobody had a use for since the last look. Closed when they are given back, as
// SQLAlchemy has it, they would be opened again for the next request wherever load comes in bursts.
void Pool::State::TakeSurplus(std::vector<SlotPtr>* surplus) {
  for (int left = least_idle - std::max(0, options.pool_size); left > 0 && !idle.empty(); --left) {
    surplus->push_back(std::move(idle.front()));
    idle.pop_front();
  }
  least_idle = static_cast<int>(idle.size());
}

void Pool::State::Reconnect() {
  auto delay = options.backoff_min;
  for (;;) {
    {
      Lock lock(mutex);
      watcher_wake.wait_for(lock, Jittered(delay), [this] { return stopping; });
      if (stopping || available) return;
      probe = false;
    }
    TryConnect();
    delay = std::min(delay * 2, options.backoff_max);
  }
}

// A success makes the database available and keeps the connection where there is room.
void Pool::State::TryConnect() {
  auto made = Make();
  if (!made.ok()) return;
  {
    Lock lock(mutex);
    const int lent = capacity - permits;
    const int stored = static_cast<int>(idle.size());
    if (stored < options.pool_size && lent + stored < capacity && Current(**made)) idle.push_front(*std::move(made));
  }
  MarkBack();
}

std::chrono::milliseconds Pool::State::Jittered(std::chrono::milliseconds delay) {
  std::uniform_int_distribution<std::int64_t> jitter(delay.count() / 2, std::max<std::int64_t>(1, delay.count()));
  return std::chrono::milliseconds(jitter(random));
}

}  // namespace protogres::db
