// A unary call of an Api's Method: read the request, wait for a worker, run
// it, answer. Deadline and cancellation reach it in the queue and in its statement.
#ifndef PROTOGRES_SERVICE_RPC_UNARY_H_
#define PROTOGRES_SERVICE_RPC_UNARY_H_

#include <functional>
#include <memory>

#include "crud/method.h"
#include "db/pool.h"
#include "rpc/call.h"
#include "rpc/executor.h"
#include "rpc/snapshot.h"

namespace protogres::rpc {

// What unary calls share; outlives them.
struct UnaryContext {
  Executor& executor;
  db::Pool& pool;
  // What requests of one Method that wait together may share, where the Method can.
  bool coalesce;
  bool group_commit;
  std::function<void()> on_catalog_moved;
};

// `method` is of the Api of `snapshot`, which the call keeps.
std::unique_ptr<Handler> MakeUnary(UnaryContext& context, std::shared_ptr<const Snapshot> snapshot,
                                   const crud::Method& method, Call& call);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_UNARY_H_
