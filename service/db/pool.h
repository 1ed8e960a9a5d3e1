// The Pool: connections lent as Leases, with SQLAlchemy's options and meanings
// (SQLAlchemy 2.0, "Connection Pooling"), and an eye on whether the database is there.
#ifndef PROTOGRES_SERVICE_DB_POOL_H_
#define PROTOGRES_SERVICE_DB_POOL_H_

#include <chrono>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/connection.h"

namespace protogres::db {

using Clock = std::chrono::steady_clock;

enum class ResetOnReturn { kRollback, kDiscard, kNone };

struct PoolOptions {
  // Connections kept open.
  int pool_size = 8;
  // Connections opened beyond pool_size under load; closed when for a second nobody had a use for them.
  int max_overflow = 4;
  // How long a request waits for a connection before RESOURCE_EXHAUSTED.
  std::chrono::milliseconds pool_timeout{30000};
  // A connection older than this is replaced when it is lent or given back,
  // never while it is lent. Each connection's own limit is shortened by up to a tenth, at random,
  // so that they do not all reconnect at once. 0: never.
  std::chrono::milliseconds pool_recycle{1500 * 1000};
  // A round trip before each lending, which replaces a dead connection unseen.
  bool pool_pre_ping = false;
  // The connection given back last is lent first, so that the others can idle out.
  bool pool_use_lifo = false;
  // What is done to a connection that is given back. kRollback: one with an open transaction, or with another role or
  // search_path after a write, was not given back clean and is closed. kDiscard: beside it all that its session has but
  // its prepared statements is ended, by a round trip more each time. kNone: nothing.
  ResetOnReturn reset_on_return = ResetOnReturn::kRollback;
  // Attempts to connect after one that failed: the first delay and the longest; doubled in between, with jitter. While
  // requests want a connection it is always the first.
  std::chrono::milliseconds backoff_min{100};
  std::chrono::milliseconds backoff_max{5000};
  // While requests wait, a database that has answered none for so long, nor a new connection, is taken to be gone.
  std::chrono::milliseconds silence{5000};
};

class Pool;

// A connection lent by the Pool; given back when it goes out of scope. Movable,
// for one thread at a time.
class Lease {
 public:
  Lease() = default;
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease();

  Connection& connection() const;
  explicit operator bool() const { return slot_ != nullptr; }
  // The connection is closed instead of kept when it is given back.
  void Discard();
  // The database has answered a statement: it is there. Cheap.
  void Answered();
  // The connection was lost: it is discarded, and so are those that are as old,
  // as by Pool::Invalidate. Connections made since the first to be lost of them stay.
  void Lost();

 private:
  friend class Pool;
  struct Slot;
  std::shared_ptr<Slot> slot_;
};

// Thread-safe. Must outlive its Leases.
class Pool {
 public:
  Pool(PoolOptions options, ConnectionFactory factory, std::function<Clock::time_point()> now = &Clock::now);
  // Closes idle connections. Blocks until the maintenance thread has ended, and for at most half a second for attempts
  // to connect; those that hang end by themselves, so what `factory` refers to must live as long.
  ~Pool();

  // Lends a connection; waits for one until pool_timeout or `deadline`,
  // whichever is sooner. RESOURCE_EXHAUSTED, reason POOL_TIMEOUT. UNAVAILABLE
  // at once while the database is known to be gone, with RetryInfo.
  // DEADLINE_EXCEEDED. As long as other connections work, an attempt to connect that fails refuses nobody: the request
  // waits for a connection that is given back.
  absl::StatusOr<Lease> Acquire(Clock::time_point deadline);

  // False while neither a new connection can be made nor one of those that are there answers a ping, or while the
  // database answers nothing (see `silence`). Then a thread of the Pool's own reconnects with backoff.
  bool available() const;
  // Called on each change of available(), from any thread, never concurrently. Set before the first Acquire.
  void OnAvailability(std::function<void(bool)> listener);

  // Every connection that exists now is closed when it is idle or given back: after a
  // lost connection, which is seldom lost alone (SQLAlchemy, "Disconnect Handling").
  void Invalidate();

  // The catalog has moved: each connection forgets its prepared statements when it is lent next.
  void ForgetStatements();

  // Refuses all who wait for a connection and all who come, for good: UNAVAILABLE, reason SHUTTING_DOWN.
  void Close();

  // The most connections there can be: pool_size + max_overflow.
  int capacity() const;

  struct Stats {
    int open = 0;
    int lent = 0;
    int idle = 0;
    int waiting = 0;
  };
  Stats stats() const;

 private:
  friend class Lease;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_POOL_H_
