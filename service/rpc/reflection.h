// grpc.reflection.v1 and v1alpha, which are the same on the wire: one code for both.
#ifndef PROTOGRES_SERVICE_RPC_REFLECTION_H_
#define PROTOGRES_SERVICE_RPC_REFLECTION_H_

#include <memory>

#include "rpc/call.h"
#include "rpc/role_views.h"
#include "rpc/service_calls.h"
#include "rpc/snapshot.h"

namespace protogres::rpc {

// Answers each request from the Api that is in force then. `filter` says what of it the caller may see; null: all.
// `current` and `service_calls`, to which the Call was added, outlive it. The Handler removes it.
std::unique_ptr<Handler> MakeReflection(const Current& current, ServiceCalls& service_calls, Call& call,
                                        std::unique_ptr<RoleFilter> filter);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_REFLECTION_H_
