// gRPC's own log lines.
#ifndef PROTOGRES_SERVICE_RPC_GRPC_LOG_H_
#define PROTOGRES_SERVICE_RPC_GRPC_LOG_H_

namespace protogres::rpc {

// From now on gRPC logs by this server's log. Idempotent.
void LogForGrpc();

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_GRPC_LOG_H_
