// The Pool's inside, shared by pool.cc (lending and giving back), attempts.cc
// (making connections) and availability.cc (is the database there).
#ifndef PROTOGRES_SERVICE_DB_POOL_STATE_H_
#define PROTOGRES_SERVICE_DB_POOL_STATE_H_

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
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
  std::uint64_t catalog = 0;
  bool discard = false;
  bool proven = false;  // it has just been made
};

// Requests wait for a connection, never for an attempt of their own: whichever attempt succeeds first, or whichever
// connection is given back first, serves the request that came first. So an attempt that fails or hangs harms nobody
// as long as another connection can be had. Connections are made, pinged and closed outside the mutex. Functions that
// say "Locked" are called with the mutex held.
struct Pool::State : std::enable_shared_from_this<Pool::State> {
  using Slot = Lease::Slot;
  using SlotPtr = std::shared_ptr<Slot>;
  using Lock = std::unique_lock<std::mutex>;

  struct Waiter {
    std::condition_variable wake;
    SlotPtr slot;  // the grant
    std::optional<absl::Status> refused;
  };

  // A connection being made, by a thread of its own.
  struct Attempt {
    Clock::time_point start;
    std::uint64_t generation = 0;
    std::uint64_t successes = 0;  // when it began: another number now says that meanwhile others could be made
  };
  using AttemptPtr = std::list<Attempt>::iterator;

  State(PoolOptions given, ConnectionFactory make, std::function<Clock::time_point()> clock)
      : options(std::move(given)),
        capacity(std::max(1, options.pool_size + std::max(0, options.max_overflow))),
        factory(std::move(make)),
        now(std::move(clock)) {}

  // pool.cc
  absl::StatusOr<SlotPtr> Acquire(Clock::time_point deadline);
  absl::Status WaitLocked(Lock& lock, Clock::time_point until, bool far, SlotPtr* slot);
  // There is an attempt to connect for it, and for each who came before.
  bool IsComingLocked(const Waiter& waiter) const;
  void Release(SlotPtr slot);
  // False: the connection must not be lent again.
  bool Reset(Slot& slot) const;
  // `slot`, which was lent, is gone.
  void Drop(SlotPtr slot);
  // Closes all connections of the generation `only`, if that is the one in force; none given: in any case.
  void Invalidate(std::optional<std::uint64_t> only);
  void LendLocked(const Slot& slot);
  void ReturnLocked(const Slot& slot);
  // To the first who waits, or to the idle ones.
  void GiveLocked(SlotPtr slot);
  SlotPtr TakeIdleLocked();
  bool CurrentLocked(const Slot& slot) const;
  bool Usable(Slot& slot);
  // Somebody wants something of the database; it has answered something.
  void AskedLocked();
  void Answered();
  void RefuseAllLocked(const absl::Status& status);
  void Close();

  // attempts.cc
  // Starts the attempts that are due now.
  void ConnectLocked();
  void StartLocked();
  void Attempted(AttemptPtr attempt);
  void Made(AttemptPtr attempt, std::unique_ptr<Connection> connection);
  void Failed(AttemptPtr attempt, const absl::Status& failed);
  Clock::time_point NextAttemptLocked() const;
  // True: an attempt has lasted longer, and no other has succeeded since it began.
  bool HangingLocked(Clock::duration longer_than) const;
  // Says that somebody wants a connection while none can be made, so that the next attempt comes soon.
  void DemandLocked();
  void ScheduleLocked();
  std::chrono::milliseconds Jittered(std::chrono::milliseconds delay);
  void Stop();

  // availability.cc
  // Pings the idle connections until one answers. If none does, the database may be gone (see MarkGone).
  void Examine();
  bool Ping(Slot& slot);
  // True: the database was asked for something, and has answered nobody for `silence`.
  bool SilentLocked() const;
  void MarkGone();
  void MarkBack();
  void Notify();
  absl::Status GoneStatusLocked() const;
  void Watch();
  void LookLocked(Lock& lock);
  void TakeDeadLocked(std::vector<SlotPtr>* dead);
  void TakeSurplusLocked(std::vector<SlotPtr>* surplus);

  const PoolOptions options;
  const int capacity;
  const ConnectionFactory factory;
  const std::function<Clock::time_point()> now;  // for lifetimes and for how long requests wait

  mutable std::mutex mutex;
  std::deque<SlotPtr> idle;  // the one given back last is at the end
  int least_idle = 0;        // of them, since the watcher has looked
  std::deque<Waiter*> waiters;
  int lent = 0;
  int lent_current = 0;  // of them, of the generation in force
  std::uint64_t generation = 0;
  std::uint64_t catalog = 0;  // how often it has moved

  std::list<Attempt> attempts;
  int threads = 0;              // of attempts, also of those that are done but for their last lines
  std::uint64_t successes = 0;  // connections made
  bool failing = false;         // the last attempt has failed
  absl::Status cause;           // then: why
  Clock::time_point next_attempt;
  Clock::time_point last_demand;
  std::chrono::milliseconds delay{0};
  bool probe = false;  // an attempt is due even if nobody waits

  bool available = true;
  // When the first wanted something who came after its last answer to anybody.
  static constexpr Clock::duration kNothingAsked = Clock::duration::max();
  std::atomic<Clock::duration> asked{kNothingAsked};

  bool closed = false;
  bool stopping = false;
  std::condition_variable watcher_wake;
  std::condition_variable threads_done;
  std::minstd_rand random{std::random_device{}()};

  std::mutex listener_mutex;
  std::function<void(bool)> listener;
  bool notified = true;

  std::thread watcher;
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_POOL_STATE_H_
