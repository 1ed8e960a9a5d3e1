// The Pool lends connections as Leases and watches whether the database is available. Its options have the names and
// meanings that they have in SQLAlchemy 2.0 ("Connection Pooling").
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
  // The number of connections that stay open.
  int pool_size = 8;
  // The number of connections that may be opened beyond pool_size under load. They are closed when nobody has used them
  // for a second.
  int max_overflow = 4;
  // How long a request waits for a connection before it gets RESOURCE_EXHAUSTED.
  std::chrono::milliseconds pool_timeout{30000};
  // A connection that is older than this is replaced when it is lent or given back, never while it is lent. The limit
  // of each connection is shortened by a random part, up to a tenth, so that they do not all reconnect at the same
  // time. 0: connections are never replaced.
  std::chrono::milliseconds pool_recycle{1500 * 1000};
  // Each connection is tested by a round trip before it is lent. A dead one is replaced, and the caller does not
  // notice.
  bool pool_pre_ping = false;
  // The connection that was given back last is lent first, so that the others become idle and can be closed.
  bool pool_use_lifo = false;
  // What is done to a connection that is given back. kRollback: the connection is closed if a transaction is open, or
  // if a write has left another role, search_path or format of values. kDiscard: the same, and everything that the
  // session has is reset except its prepared statements, which takes one more round trip. kNone: nothing.
  ResetOnReturn reset_on_return = ResetOnReturn::kRollback;
  // The delay after an attempt to connect that has failed: the first and the longest one. The delay doubles in between,
  // and a part of it is random. While requests want a connection it is always the first one.
  std::chrono::milliseconds backoff_min{100};
  std::chrono::milliseconds backoff_max{5000};
  // If requests wait and the database has answered neither a statement nor a new connection for this time, it is taken
  // to be gone.
  std::chrono::milliseconds silence{5000};
};

class Pool;

// A connection that the Pool has lent. It is given back when the Lease goes out of scope. Movable. For one thread at a
// time.
class Lease {
 public:
  Lease() = default;
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease();

  Connection& connection() const;
  explicit operator bool() const { return slot_ != nullptr; }
  // The connection will be closed when it is given back.
  void Discard();
  // Says that the database has answered a statement, so it is available. Cheap.
  void Answered();
  // Says that the connection was lost. It is discarded, and so are the connections that are as old, as by
  // Pool::Invalidate. Connections that were made after the first of these was lost stay.
  void Lost();

 private:
  friend class LateReturns;
  friend class Pool;
  struct Slot;
  std::shared_ptr<Slot> slot_;
};

// As long as it lives, a Lease of its thread whose connection has to ask the server something before it can be lent
// again is not given back at once, but at the end, or before the thread takes another one: so that an answer does not
// wait for that. Its end blocks as that of a Lease. At most one a thread.
class LateReturns {
 public:
  LateReturns();
  ~LateReturns();
  LateReturns(const LateReturns&) = delete;
  LateReturns& operator=(const LateReturns&) = delete;

 private:
  friend class Lease;
  friend class Pool;
  // Takes over a Lease that is going, if its thread returns late and the server would be asked.
  static void Take(Lease* lease);
  // Gives back what was taken over.
  void Return();

  static thread_local LateReturns* of_thread_;
  Lease lease_;  // one at the most: others are given back at once
};

// Thread-safe. Must outlive its Leases.
class Pool {
 public:
  Pool(PoolOptions options, ConnectionFactory factory, std::function<Clock::time_point()> now = &Clock::now);
  // Closes idle connections. Blocks until the maintenance thread has ended. Waits for attempts to connect for at most
  // half a second; those that hang end by themselves later, so what `factory` refers to must live until then.
  ~Pool();

  // Lends a connection. Blocks until there is one. RESOURCE_EXHAUSTED, reason POOL_TIMEOUT: there was none within
  // pool_timeout. DEADLINE_EXCEEDED: there was none before `deadline`. UNAVAILABLE, at once and with RetryInfo: the
  // database is known to be gone. As long as other connections work, an attempt to connect that fails is not an error
  // of the request, which waits for a connection that is given back.
  absl::StatusOr<Lease> Acquire(Clock::time_point deadline);

  // False while no new connection can be made and no existing one answers a ping, or while the database answers nothing
  // (see `silence`). Then a thread of the Pool tries to reconnect, with backoff.
  bool available() const;
  // `listener` is called at each change of available(), on any thread, but never on two at the same time. Must be set
  // before the first Acquire.
  void OnAvailability(std::function<void(bool)> listener);

  // Closes every idle connection, and every connection that is lent now when it is given back. This is done after a
  // connection was lost, as it is seldom the only one (SQLAlchemy, "Disconnect Handling").
  void Invalidate();

  // Says that the catalog has moved: each connection forgets its prepared statements when it is lent next.
  void ForgetStatements();

  // From now on refuses everyone who waits for a connection or asks for one: UNAVAILABLE, reason SHUTTING_DOWN.
  void Close();

  // The most connections that there can be: pool_size + max_overflow.
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
