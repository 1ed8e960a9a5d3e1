// TransactionService/Session as a Call: its requests are run on threads of the
// sessions' own, so that one that holds locks never waits behind those that wait for them.
#ifndef PROTOGRES_SERVICE_RPC_SESSION_CALL_H_
#define PROTOGRES_SERVICE_RPC_SESSION_CALL_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>

#include "db/pool.h"
#include "rpc/call.h"
#include "rpc/executor.h"
#include "rpc/snapshot.h"

namespace protogres::rpc {

// See ServerOptions.
struct SessionOptions {
  int max_sessions;
  std::chrono::milliseconds idle_timeout;
  std::chrono::milliseconds max_duration;
};

// What the sessions of a server share; outlives them. Thread-safe.
class Sessions {
 public:
  Sessions(const SessionOptions& options, db::Pool& pool, std::function<void()> on_catalog_moved);

  // `snapshot` has an Api, which the session keeps. Null: there are max_sessions already, and the call was finished
  // with RESOURCE_EXHAUSTED, reason TOO_MANY_SESSIONS, and RetryInfo.
  std::unique_ptr<Handler> Open(std::shared_ptr<const Snapshot> snapshot, Call& call);

  // As Executor::Stop.
  void Stop() { executor_.Stop(); }

 private:
  friend class SessionHandler;

  const SessionOptions options_;
  db::Pool& pool_;
  const std::function<void()> on_catalog_moved_;
  std::atomic<int> open_{0};
  Executor executor_;  // a thread a session: none ever waits
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_SESSION_CALL_H_
