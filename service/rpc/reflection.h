// grpc.reflection.v1 and v1alpha, which are the same on the wire: one code for both.
#ifndef PROTOGRES_SERVICE_RPC_REFLECTION_H_
#define PROTOGRES_SERVICE_RPC_REFLECTION_H_

#include <memory>

#include "rpc/call.h"
#include "rpc/snapshot.h"
#include "rpc/streams.h"

namespace protogres::rpc {

// Answers each request from the Api that is in force then. `current` and `streams` outlive the Call.
std::unique_ptr<Handler> MakeReflection(const Current& current, Streams& streams, Call& call);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_REFLECTION_H_
