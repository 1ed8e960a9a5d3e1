#include "rpc/unknown_method.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "status/status.h"
#include "text/excerpt.h"
#include "text/nearest.h"

namespace protogres::rpc {
namespace {

constexpr std::size_t kMaxNames = 5;
constexpr std::size_t kMaxPath = 200;

absl::Status Unknown(const std::string& message) {
  return status::Error(absl::StatusCode::kUnimplemented, message, status::kUnknownMethod);
}

std::vector<std::string> MethodsOf(const std::string& service, const api::Api* api) {
  std::vector<std::string> names;
  if (const auto* fixed = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service)) {
    for (int i = 0; i < fixed->method_count(); ++i) names.push_back(fixed->method(i)->name());
  } else if (api) {
    names = api->MethodNames(service);
  }
  std::ranges::sort(names);
  return names;
}

absl::Status NoApi(const std::string& why) {
  return status::WithRetry(status::Error(absl::StatusCode::kUnavailable,
                                         why.empty() ? "the catalog has not been read yet" : why, status::kNotReady),
                           std::chrono::seconds(1));
}

}  // namespace

absl::Status UnknownMethod(const std::string& path, const Snapshot& snapshot, bool tells) {
  const auto& services = snapshot.files.services();
  const auto shown = [](std::string_view text) { return text::Excerpt(text, '"', kMaxPath); };
  const std::size_t slash = path.rfind('/');
  if (!path.starts_with('/') || slash == 0) {
    return Unknown(fmt::format("{} is not the path of a method: /package.Service/Method", shown(path)));
  }
  const std::string service = path.substr(1, slash - 1);
  const bool known = std::ranges::binary_search(services, service);
  // Without an Api only gRPC's own services are served, and nobody knows yet what the others will have.
  if (!snapshot.api && !(known && service.starts_with("grpc."))) return NoApi(snapshot.why);
  if (!tells) return Unknown(fmt::format("there is no method {}", shown(path)));
  if (known) {
    return Unknown(fmt::format("service {} has no method {}; it has {}", service, shown(path.substr(slash + 1)),
                               fmt::join(MethodsOf(service, snapshot.api.get()), ", ")));
  }
  return Unknown(fmt::format("there is no service of {}; of {} the nearest are {}", shown(path), services.size(),
                             fmt::join(text::NearestByBeginning(service, services, kMaxNames), ", ")));
}

absl::Status GoneMethod(const std::string& path, const Snapshot& snapshot) {
  return UnknownMethod(path, snapshot, snapshot.reflection == Reflection::kOn);
}

bool HasMethod(const std::string& path, const Snapshot& snapshot) {
  const std::size_t slash = path.rfind('/');
  if (!snapshot.api || !path.starts_with('/') || slash == 0) return false;
  const std::string service = path.substr(1, slash - 1);
  if (!std::ranges::binary_search(snapshot.files.services(), service)) return false;
  return std::ranges::binary_search(MethodsOf(service, snapshot.api.get()), path.substr(slash + 1));
}

}  // namespace protogres::rpc
