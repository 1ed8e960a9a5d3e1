// Which of gRPC's four types a method has. For metrics and logs.
#ifndef PROTOGRES_SERVICE_RPC_METHOD_TYPE_H_
#define PROTOGRES_SERVICE_RPC_METHOD_TYPE_H_

#include <string>
#include <string_view>

#include "crud/method.h"

namespace protogres::rpc {

// The paths of the methods that every server has.
inline constexpr std::string_view kHealthCheck = "/grpc.health.v1.Health/Check";
inline constexpr std::string_view kHealthWatch = "/grpc.health.v1.Health/Watch";
inline constexpr std::string_view kReflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
inline constexpr std::string_view kReflectionAlpha = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

// In grpc-prometheus' words: unary, server_stream, client_stream or bidi_stream.
std::string_view MethodType(crud::Method::Kind kind);
// The same of one of the paths above. Empty: it is none of them.
std::string_view TypeOfOwn(const std::string& path);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_METHOD_TYPE_H_
