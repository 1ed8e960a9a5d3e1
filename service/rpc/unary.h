// A unary call of an Api's Method: read the request, wait for a worker, run
// it, answer. Deadline and cancellation reach it in the queue and in its statement. Where the catalog has moved it runs
// again, on the Api that a reload brings: of what failed so nothing has taken effect.
#ifndef PROTOGRES_SERVICE_RPC_UNARY_H_
#define PROTOGRES_SERVICE_RPC_UNARY_H_

#include <memory>

#include "crud/method.h"
#include "db/pool.h"
#include "rpc/call.h"
#include "rpc/executor.h"
#include "rpc/renewal.h"
#include "rpc/snapshot.h"

namespace protogres::rpc {

// What unary calls share; outlives them.
struct UnaryContext {
  Executor& executor;
  db::Pool& pool;
  // What requests of one Method that wait together may share, where the Method can.
  bool coalesce;
  bool group_commit;
  const Current& current;
  Renewal& renewal;
};

// `method` is of the Api of `snapshot`, which the call keeps until the catalog moves.
std::unique_ptr<Handler> MakeUnary(UnaryContext& context, std::shared_ptr<const Snapshot> snapshot,
                                   const crud::UnaryMethod& method, Call& call);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_UNARY_H_
