// What the calls that hold a connection for long have in common: sessions on one side, Streams and Imports on the
// other. Each has a thread of its own, and there are so few of them that unary calls never starve.
#ifndef PROTOGRES_SERVICE_RPC_SESSIONS_H_
#define PROTOGRES_SERVICE_RPC_SESSIONS_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "db/pool.h"
#include "rpc/executor.h"

namespace protogres::rpc {

// See ServerOptions.
struct SessionOptions {
  int most;
  std::chrono::milliseconds idle_timeout;
  std::chrono::milliseconds max_duration;
  // Of an error when there are too many: "16 sessions are open already (--max_sessions)", TOO_MANY_SESSIONS.
  std::string what, option, reason;
};

// The connections that sessions, Streams and Imports may hold together: a unary call always has one. Outlives them.
// Thread-safe.
class HeldConnections {
 public:
  explicit HeldConnections(int most) : most_(most) {}
  // False: all are held.
  bool Take();
  void Return() { held_.fetch_sub(1); }

 private:
  const int most_;
  std::atomic<int> held_{0};
};

// Outlives the calls. Thread-safe.
class Sessions {
 public:
  Sessions(const SessionOptions& options, HeldConnections& held, db::Pool& pool,
           std::function<void()> on_catalog_moved);

  // RESOURCE_EXHAUSTED, with RetryInfo: there are too many already. Else Leave is due.
  absl::Status Enter();
  void Leave();

  const SessionOptions& options() const { return options_; }
  db::Pool& pool() { return pool_; }
  // Runs the Tasks of those that have entered, one of each at a time: none ever waits.
  Executor& executor() { return executor_; }
  // To be told how a statement ended: its error may say that the catalog moved.
  void Ended(const absl::Status& status) const;

  // As Executor::Stop.
  void Stop() { executor_.Stop(); }

 private:
  const SessionOptions options_;
  HeldConnections& held_;
  db::Pool& pool_;
  const std::function<void()> on_catalog_moved_;
  std::atomic<int> open_{0};
  Executor executor_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_SESSIONS_H_
