#include "rpc/outgoing.h"

#include <cstddef>
#include <utility>

#include "rpc/trailer.h"

namespace protogres::rpc {
namespace {

// A message that is shorter is copied, which is cheaper than the two allocations of a slice that owns a string.
constexpr std::size_t kCopyBelow = 1024;
constexpr char kPushback[] = "grpc-retry-pushback-ms";

}  // namespace

grpc::ByteBuffer ToBuffer(std::string message) {
  if (message.size() < kCopyBelow) {
    const grpc::Slice slice(message.data(), message.size());
    return {&slice, 1};
  }
  auto* owned = new std::string(std::move(message));
  const grpc::Slice slice(
      owned->data(), owned->size(), [](void* string) { delete static_cast<std::string*>(string); }, owned);
  return {&slice, 1};
}

grpc::Status ToGrpc(const absl::Status& status, grpc::ServerContextBase* context) {
  if (status.ok()) return grpc::Status::OK;
  Trailer trailer = MakeTrailer(status);
  if (trailer.pushback) context->AddTrailingMetadata(kPushback, std::to_string(trailer.pushback->count()));
  return {static_cast<grpc::StatusCode>(status.code()), std::move(trailer.message), std::move(trailer.details)};
}

}  // namespace protogres::rpc
