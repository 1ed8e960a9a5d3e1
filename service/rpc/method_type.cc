#include "rpc/method_type.h"

namespace protogres::rpc {

std::string_view MethodType(crud::Method::Kind kind) {
  using Kind = crud::Method::Kind;
  switch (kind) {
    case Kind::kUnary:
      return "unary";
    case Kind::kServerStream:
      return "server_stream";
    case Kind::kClientStream:
      return "client_stream";
    case Kind::kSession:
      return "bidi_stream";
  }
  return "";
}

std::string_view TypeOfOwn(const std::string& path) {
  if (path == kHealthCheck) return "unary";
  if (path == kHealthWatch) return "server_stream";
  return path == kReflection || path == kReflectionAlpha ? "bidi_stream" : "";
}

}  // namespace protogres::rpc
