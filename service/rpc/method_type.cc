#include "rpc/method_type.h"

#include "crud/method.h"

namespace protogres::rpc {
namespace {

std::string_view TypeOf(crud::Method::Kind kind) {
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

}  // namespace

std::string_view MethodType(const std::string& path, const Snapshot& snapshot) {
  const crud::Method* const method = snapshot.api ? snapshot.api->Find(path) : nullptr;
  if (method != nullptr) return TypeOf(method->kind());
  if (path == kHealthCheck) return "unary";
  if (path == kHealthWatch) return "server_stream";
  return path == kReflection || path == kReflectionAlpha ? "bidi_stream" : "";
}

}  // namespace protogres::rpc
