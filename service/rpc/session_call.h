// Calls of a SessionMethod. Their requests run on threads that only sessions use, so that a session that holds locks
// never waits behind requests that wait for these locks.
#ifndef PROTOGRES_SERVICE_RPC_SESSION_CALL_H_
#define PROTOGRES_SERVICE_RPC_SESSION_CALL_H_

#include <memory>

#include "crud/streaming.h"
#include "db/caller.h"
#include "rpc/call.h"
#include "rpc/long_calls.h"
#include "rpc/snapshot.h"

namespace protogres::rpc {

// `method` belongs to the Api of `snapshot`, which the call keeps. Null: too many sessions are open, and the call was
// finished with the error of LongCalls::Enter. `caller`: see db::Access.
std::unique_ptr<Handler> MakeSession(LongCalls& long_calls, std::shared_ptr<const Snapshot> snapshot,
                                     const crud::SessionMethod& method, Call& call,
                                     std::shared_ptr<const db::Caller> caller);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_SESSION_CALL_H_
