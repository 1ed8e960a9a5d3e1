// What the layers count for the whole process. What an object knows by itself is asked of it instead: see
// db::Pool::stats and rpc::Server::stats.
#ifndef PROTOGRES_SERVICE_METRICS_COUNTS_H_
#define PROTOGRES_SERVICE_METRICS_COUNTS_H_

#include "metrics/calls.h"
#include "metrics/counter.h"

namespace protogres::metrics {

// Thread-safe.
struct Counts {
  Counts();

  static Counts& OfProcess();

  Calls calls;
  // Statements, also BEGIN, COMMIT and ROLLBACK, from the first byte sent to the last one read; of a Stream or an
  // Import to its beginning.
  TimeHistogram statements;
  Counter failed_statements;
  // The requests in each group, also in those of one request.
  Histogram group_sizes;
  Counter reloads, failed_reloads;  // of the catalog, after the first load

  // Of the pool's connections. A lost one had been closed by the server, or broke while it was used.
  Counter connections_made, connections_recycled, connections_lost;
  Counter failed_pings;
  // How long requests waited for a connection, also those that found one at once, and how many got none in time.
  TimeHistogram pool_waits;
  Counter pool_timeouts;
};

}  // namespace protogres::metrics

#endif  // PROTOGRES_SERVICE_METRICS_COUNTS_H_
