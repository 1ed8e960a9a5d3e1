// What gRPC itself takes of its clients, and what it holds of theirs.
#ifndef PROTOGRES_SERVICE_RPC_GRPC_LIMITS_H_
#define PROTOGRES_SERVICE_RPC_GRPC_LIMITS_H_

#include <grpcpp/server_builder.h>

#include "rpc/server.h"

namespace protogres::rpc {

// Gives a server that is to be built the sizes, times and numbers that `options` limit.
void SetLimits(const ServerOptions& options, grpc::ServerBuilder* builder);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_GRPC_LIMITS_H_
