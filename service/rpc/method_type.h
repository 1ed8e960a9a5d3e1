// Which of gRPC's four types a method has. For metrics and logs.
#ifndef PROTOGRES_SERVICE_RPC_METHOD_TYPE_H_
#define PROTOGRES_SERVICE_RPC_METHOD_TYPE_H_

#include <string>
#include <string_view>

#include "rpc/snapshot.h"

namespace protogres::rpc {

// The paths of the methods that every server has.
inline constexpr std::string_view kHealthCheck = "/grpc.health.v1.Health/Check";
inline constexpr std::string_view kHealthWatch = "/grpc.health.v1.Health/Watch";
inline constexpr std::string_view kReflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
inline constexpr std::string_view kReflectionAlpha = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

// In grpc-prometheus' words: unary, server_stream, client_stream or bidi_stream. Empty: there is no such method.
std::string_view MethodType(const std::string& path, const Snapshot& snapshot);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_METHOD_TYPE_H_
