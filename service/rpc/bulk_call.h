// The Stream and Import of a table as Calls. A worker of the sessions' runs each from its first message on, and waits
// for the client where it must: so neither goes faster than the other.
#ifndef PROTOGRES_SERVICE_RPC_BULK_CALL_H_
#define PROTOGRES_SERVICE_RPC_BULK_CALL_H_

#include <memory>

#include "crud/streaming.h"
#include "rpc/call.h"
#include "rpc/renewal.h"
#include "rpc/sessions.h"
#include "rpc/snapshot.h"

namespace protogres::rpc {

// `table` is of the Api of `snapshot`, which the call keeps.
// Where the catalog has moved before the first chunk, it begins again on the Api that a reload brings to `current`.
std::unique_ptr<Handler> MakeStream(Sessions& sessions, Renewal& renewal, const Current& current,
                                    std::shared_ptr<const Snapshot> snapshot, const crud::ServerStreamMethod& method,
                                    Call& call);
std::unique_ptr<Handler> MakeImport(Sessions& sessions, std::shared_ptr<const Snapshot> snapshot,
                                    const crud::ClientStreamMethod& method, Call& call);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_BULK_CALL_H_
