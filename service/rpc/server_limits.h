// The limits of a server's calls, from its options and from how many connections its pool may have.
#ifndef PROTOGRES_SERVICE_RPC_SERVER_LIMITS_H_
#define PROTOGRES_SERVICE_RPC_SERVER_LIMITS_H_

#include "db/pool.h"
#include "rpc/executor.h"
#include "rpc/long_calls.h"
#include "rpc/server.h"

namespace protogres::rpc {

// How many connections all long calls may hold. One is left for unary calls, whatever the options say.
int MostHeld(const db::Pool& pool);
LongCallLimits LimitsOfSessions(const ServerOptions& options, const db::Pool& pool);
LongCallLimits LimitsOfStreams(const ServerOptions& options, const db::Pool& pool);
// Of the Executor of unary calls.
Executor::Options ExecutorOptions(const ServerOptions& options, const db::Pool& pool);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_SERVER_LIMITS_H_
