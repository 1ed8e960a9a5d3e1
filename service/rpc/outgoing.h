// What a call sends, as gRPC's types.
#ifndef PROTOGRES_SERVICE_RPC_OUTGOING_H_
#define PROTOGRES_SERVICE_RPC_OUTGOING_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"

namespace protogres::rpc {

grpc::ByteBuffer ToBuffer(std::string message);

// The status as gRPC has it. What else belongs into the trailer is added to `context`.
grpc::Status ToGrpc(const absl::Status& status, grpc::ServerContextBase* context);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_OUTGOING_H_
