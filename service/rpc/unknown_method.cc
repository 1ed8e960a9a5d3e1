#include "rpc/unknown_method.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "google/protobuf/descriptor.h"
#include "status/status.h"

namespace protogres::rpc {
namespace {

constexpr std::size_t kMaxNames = 5;
constexpr std::size_t kMaxPath = 200;

absl::Status Unknown(const std::string& message) {
  return status::Error(absl::StatusCode::kUnimplemented, message, status::kUnknownMethod);
}

std::string_view LastPart(std::string_view name) { return name.substr(name.rfind('.') + 1); }

std::size_t CommonPrefix(std::string_view a, std::string_view b) {
  const auto same = [](char x, char y) {
    return absl::ascii_tolower(static_cast<unsigned char>(x)) == absl::ascii_tolower(static_cast<unsigned char>(y));
  };
  return static_cast<std::size_t>(std::ranges::mismatch(a, b, same).in1 - a.begin());
}

std::vector<std::string> MethodsOf(const std::string& service, const api::Api* api) {
  std::vector<std::string> names;
  if (const auto* fixed = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service)) {
    for (int i = 0; i < fixed->method_count(); ++i) names.push_back(fixed->method(i)->name());
  } else if (api) {
    const std::string prefix = "/" + service + "/";
    for (const auto& method : api->contract().methods) {
      if (method.path.starts_with(prefix)) names.push_back(method.path.substr(prefix.size()));
    }
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

std::vector<std::string> Nearest(std::string_view name, const std::vector<std::string>& names, std::size_t limit) {
  std::vector<std::pair<std::size_t, const std::string*>> scored;
  for (const auto& candidate : names) {
    scored.emplace_back(CommonPrefix(LastPart(name), LastPart(candidate)), &candidate);
  }
  limit = std::min(limit, scored.size());
  std::ranges::partial_sort(
      scored, scored.begin() + static_cast<std::ptrdiff_t>(limit),
      [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : *a.second < *b.second; });
  std::vector<std::string> nearest;
  for (std::size_t i = 0; i < limit; ++i) nearest.push_back(*scored[i].second);
  return nearest;
}

absl::Status UnknownMethod(const std::string& path, const Snapshot& snapshot) {
  const auto& services = snapshot.files.services();
  const std::string shown = path.size() <= kMaxPath ? path : path.substr(0, kMaxPath) + "...";
  const std::size_t slash = path.rfind('/');
  if (!path.starts_with('/') || slash == 0) {
    return Unknown(fmt::format("\"{}\" is not the path of a method: /package.Service/Method", shown));
  }
  const std::string service = path.substr(1, slash - 1);
  const bool known = std::ranges::binary_search(services, service);
  // Without an Api only gRPC's own services are served, and nobody knows yet what the others will have.
  if (!snapshot.api && !(known && service.starts_with("grpc."))) return NoApi(snapshot.why);
  if (known) {
    return Unknown(fmt::format("service {} has no method \"{}\"; it has {}", service,
                               shown.substr(std::min(slash + 1, shown.size())),
                               fmt::join(MethodsOf(service, snapshot.api.get()), ", ")));
  }
  return Unknown(fmt::format("there is no service of \"{}\"; of {} the nearest are {}", shown, services.size(),
                             fmt::join(Nearest(service, services, kMaxNames), ", ")));
}

}  // namespace protogres::rpc
