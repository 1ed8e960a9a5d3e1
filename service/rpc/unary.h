// Calls of a UnaryMethod: the Handler reads the request, waits for a worker, runs the request and answers. The deadline
// and a cancel also end a call that waits in the queue or whose statement runs. A call that fails because the catalog
// has moved runs again with the Api that a reload brings; nothing of the first run has taken effect.
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

// What all unary calls share. Outlives the calls.
struct UnaryContext {
  Executor& executor;
  db::Pool& pool;
  // Whether groups may form of requests whose Method has Grouping::kStatement, and Grouping::kCommit.
  bool coalesce;
  bool group_commit;
  const Current& current;
  Renewal& renewal;
  // Whether the statements of each call are noted for the log of slow calls.
  bool note_statements = false;
};

// `method` belongs to the Api of `snapshot`. The call keeps the snapshot until the catalog moves.
std::unique_ptr<Handler> MakeUnary(UnaryContext& context, std::shared_ptr<const Snapshot> snapshot,
                                   const crud::UnaryMethod& method, Call& call);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_UNARY_H_
