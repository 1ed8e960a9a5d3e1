// The Pool's inside, shared by pool.cc (lending and giving back) and
// availability.cc (is the database there).
#ifndef PROTOGRES_SERVICE_DB_POOL_STATE_H_
#define PROTOGRES_SERVICE_DB_POOL_STATE_H_

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "db/pool.h"

namespace protogres::db {

// A connection with what the Pool knows of it.
struct Lease::Slot {
  Pool::State* pool = nullptr;
  std::unique_ptr<Connection> connection;
  Clock::time_point expires;
  std::uint64_t generation = 0;
  bool discard = false;
};

// Who has a permit may hold one connection; there are as many permits as there can
// be connections. A permit that becomes free goes to the waiter that came
// first, together with an idle connection if there is one. Connections are made, looked at
// by a round trip and closed outside the mutex.
struct Pool::State {
  using Slot = Lease::Slot;
  using SlotPtr = std::shared_ptr<Slot>;
  using Lock = std::unique_lock<std::mutex>;

  struct Waiter {
    std::condition_variable wake;
    bool granted = false;
    SlotPtr slot;  // with the grant; null: to be made
    std::optional<absl::Status> refused;
  };

  State(PoolOptions given, ConnectionFactory make, std::function<Clock::time_point()> clock)
      : options(std::move(given)),
        capacity(std::max(1, options.pool_size + std::max(0, options.max_overflow))),
        factory(std::move(make)),
        now(std::move(clock)),
        permits(capacity) {}

  absl::StatusOr<SlotPtr> Acquire(Clock::time_point deadline);
  void Release(SlotPtr slot);
  // Closes all connections of the generation `only`, if that is the one in force; none given: in any case.
  void Invalidate(std::optional<std::uint64_t> only);

  absl::Status Wait(Lock& lock, Clock::time_point deadline, SlotPtr* slot);
  SlotPtr TakeIdle();
  void GivePermit(SlotPtr slot);
  void FreePermit();
  bool Current(const Slot& slot) const { return slot.generation == generation && now() < slot.expires; }
  bool Usable(Slot& slot);
  absl::StatusOr<SlotPtr> Make();
  void MarkGone(const absl::Status& cause, std::uint64_t seen_successes);
  void MarkBack();
  void Notify();
  absl::Status GoneStatus() const;

  void Watch();
  bool HasDeadIdle(std::vector<SlotPtr>* dead);
  void TakeSurplus(std::vector<SlotPtr>* surplus);
  void Reconnect();
  void TryConnect();
  std::chrono::milliseconds Jittered(std::chrono::milliseconds delay);

  const PoolOptions options;
  const int capacity;
  const ConnectionFactory factory;
  const std::function<Clock::time_point()> now;

  mutable std::mutex mutex;
  std::deque<SlotPtr> idle;  // the one given back last is at the end
  int least_idle = 0;        // of them, since the watcher has looked
  std::deque<Waiter*> waiters;
  int permits;
  std::uint64_t generation = 0;
  bool available = true;
  absl::Status cause;           // why it is not available
  std::uint64_t successes = 0;  // connections made
  bool probe = false;           // the watcher is to connect now
  bool stopping = false;
  std::condition_variable watcher_wake;
  std::minstd_rand random{std::random_device{}()};

  std::mutex listener_mutex;
  std::function<void(bool)> listener;
  bool notified = true;

  std::thread watcher;
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_POOL_STATE_H_
