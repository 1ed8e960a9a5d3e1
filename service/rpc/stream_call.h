// Calls of a ServerStreamMethod or a ClientStreamMethod. A worker runs the whole call from its first message on, and
// waits for the client when it must, so that neither side gets ahead of the other.
#ifndef PROTOGRES_SERVICE_RPC_STREAM_CALL_H_
#define PROTOGRES_SERVICE_RPC_STREAM_CALL_H_

#include <memory>

#include "crud/streaming.h"
#include "db/caller.h"
#include "rpc/call.h"
#include "rpc/long_calls.h"
#include "rpc/renewal.h"
#include "rpc/snapshot.h"

namespace protogres::rpc {

// `method` belongs to the Api of `snapshot`, which the call keeps. If the catalog moves before the first response is
// sent, the call begins again with the Api that a reload brings to `current`. `caller`: see db::Access.
std::unique_ptr<Handler> MakeServerStream(LongCalls& long_calls, Renewal& renewal, const Current& current,
                                          std::shared_ptr<const Snapshot> snapshot,
                                          const crud::ServerStreamMethod& method, Call& call,
                                          std::shared_ptr<const db::Caller> caller);
std::unique_ptr<Handler> MakeClientStream(LongCalls& long_calls, std::shared_ptr<const Snapshot> snapshot,
                                          const crud::ClientStreamMethod& method, Call& call,
                                          std::shared_ptr<const db::Caller> caller);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_STREAM_CALL_H_
