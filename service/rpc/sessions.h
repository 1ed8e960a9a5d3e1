// What the calls that hold a connection for long have in common: sessions, streams and imports. Each has a thread of
// its own, and there are so few of them that unary calls never starve.
#ifndef PROTOGRES_SERVICE_RPC_SESSIONS_H_
#define PROTOGRES_SERVICE_RPC_SESSIONS_H_

#include <atomic>
#include <chrono>
#include <functional>

#include "absl/status/status.h"
#include "db/pool.h"
#include "rpc/executor.h"

namespace protogres::rpc {

// See ServerOptions.
struct SessionOptions {
  int max_sessions;
  std::chrono::milliseconds idle_timeout;
  std::chrono::milliseconds max_duration;
};

// Outlives the calls. Thread-safe.
class Sessions {
 public:
  Sessions(const SessionOptions& options, db::Pool& pool, std::function<void()> on_catalog_moved);

  // RESOURCE_EXHAUSTED, reason TOO_MANY_SESSIONS, with RetryInfo: there are max_sessions already. Else Leave is due.
  absl::Status Enter();
  void Leave() { open_.fetch_sub(1); }

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
  db::Pool& pool_;
  const std::function<void()> on_catalog_moved_;
  std::atomic<int> open_{0};
  Executor executor_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_SESSIONS_H_
