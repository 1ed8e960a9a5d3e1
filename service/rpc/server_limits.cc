#include "rpc/server_limits.h"

#include <algorithm>
#include <thread>

#include "status/status.h"

namespace protogres::rpc {
namespace {

// What an option says; negative: a part of the pool, but at least one.
int MostOf(int option, int part) { return option < 0 ? std::max(1, part) : option; }

}  // namespace

int MostHeld(const db::Pool& pool) { return std::max(0, pool.capacity() - 1); }

LongCallLimits LimitsOfSessions(const ServerOptions& options, const db::Pool& pool) {
  return {.most = MostOf(options.max_sessions, pool.capacity() / 2),
          .idle_timeout = options.session_idle_timeout,
          .max_duration = options.session_max_duration,
          .what = "sessions",
          .option = "--max_sessions",
          .reason = status::kTooManySessions};
}

LongCallLimits LimitsOfStreams(const ServerOptions& options, const db::Pool& pool) {
  return {.most = MostOf(options.max_streams, pool.capacity() / 4),
          .idle_timeout = options.session_idle_timeout,
          .max_duration = options.stream_max_duration,
          .what = "streams and imports",
          .option = "--max_streams",
          .reason = status::kTooManyStreams};
}

Executor::Options ExecutorOptions(const ServerOptions& options, const db::Pool& pool) {
  // At least two: while PostgreSQL works for one group, the requests of the other are decoded or answered.
  const int groups = std::clamp(static_cast<int>(std::thread::hardware_concurrency()) / 4, 2, 4);
  // The shares of methods and callers are those of connections: a worker without one would only wait.
  const int workers = options.workers > 0 ? std::min(options.workers, pool.capacity()) : pool.capacity();
  return {.workers = workers,
          .queue_size = options.queue_size,
          .queue_timeout = options.queue_timeout,
          .groups_at_once = groups,
          .wait_for_groups = true,
          .spare = std::max(0, pool.capacity() - workers)};
}

}  // namespace protogres::rpc
