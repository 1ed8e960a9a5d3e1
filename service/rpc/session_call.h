// TransactionService/Session as a Call: its requests are run on threads of the
// sessions' own, so that one that holds locks never waits behind those that wait for them.
#ifndef PROTOGRES_SERVICE_RPC_SESSION_CALL_H_
#define PROTOGRES_SERVICE_RPC_SESSION_CALL_H_

#include <memory>

#include "crud/streaming.h"
#include "rpc/call.h"
#include "rpc/sessions.h"
#include "rpc/snapshot.h"

namespace protogres::rpc {

// `method` belongs to the Api of `snapshot`, which the call keeps. Null: the call was finished as Sessions::Enter says.
std::unique_ptr<Handler> MakeSession(Sessions& sessions, std::shared_ptr<const Snapshot> snapshot,
                                     const crud::SessionMethod& method, Call& call);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_SESSION_CALL_H_
