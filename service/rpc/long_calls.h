// Long calls are the calls that keep a connection to the database until they end: sessions, Streams and Imports. Each
// of them runs on a thread of its own. They are limited, so that a unary call always gets a connection.
#ifndef PROTOGRES_SERVICE_RPC_LONG_CALLS_H_
#define PROTOGRES_SERVICE_RPC_LONG_CALLS_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "db/pool.h"
#include "rpc/executor.h"

namespace protogres::rpc {

// The limits of long calls of one sort. See ServerOptions.
struct LongCallLimits {
  int most;  // the most calls that may be open at the same time
  std::chrono::milliseconds idle_timeout;
  std::chrono::milliseconds max_duration;
  // The words of the error when too many are open: "16 sessions are open already (--max_sessions)", TOO_MANY_SESSIONS.
  std::string what, option, reason;
};

// Counts the connections that all long calls hold, so that one is always left for unary calls, and tells the Executor
// of these. Outlives the calls. Thread-safe.
class HeldConnections {
 public:
  HeldConnections(int most, Executor& unary) : most_(most), unary_(unary) {}
  // False: the long calls hold all the connections that they may have.
  bool Take();
  void Return();
  // Why Take was false, for the client.
  std::string Refusal() const;

 private:
  const int most_;
  Executor& unary_;
  std::atomic<int> held_{0};
};

// The long calls of one sort: the sessions, or the Streams and Imports. Outlives the calls. Thread-safe.
class LongCalls {
 public:
  LongCalls(const LongCallLimits& limits, HeldConnections& held, db::Pool& pool,
            std::function<void()> on_catalog_moved);

  // A call begins. OK: Leave must be called when the call ends. RESOURCE_EXHAUSTED, with RetryInfo: too many are open.
  absl::Status Enter();
  void Leave();

  // How many are open.
  int open() const { return open_.load(); }
  const LongCallLimits& limits() const { return limits_; }
  db::Pool& pool() { return pool_; }
  // Runs the Tasks of the calls that have entered. Each call submits one Task at a time, so no Task ever waits.
  Executor& executor() { return executor_; }
  // Must be called with the status of each statement, because its error may say that the catalog has moved.
  void Ended(const absl::Status& status) const;

  // Does what Executor::Stop does.
  void Stop() { executor_.Stop(); }

 private:
  const LongCallLimits limits_;
  HeldConnections& held_;
  db::Pool& pool_;
  const std::function<void()> on_catalog_moved_;
  std::atomic<int> open_{0};
  Executor executor_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_LONG_CALLS_H_
