#include "metrics/calls.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace protogres::metrics {

MethodCalls& Calls::Of(const std::string& path, const TypeOf& type_of) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = methods_.find(path); found != methods_.end()) return *found->second;
  }
  const std::string_view type = type_of(path);
  if (type.empty()) return unknown_;
  const std::unique_lock lock(mutex_);
  auto& method = methods_[path];
  if (method == nullptr) {
    method = std::make_unique<MethodCalls>();
    method->path = path;
    method->type = type;
  }
  return *method;
}

std::vector<const MethodCalls*> Calls::All() const {
  std::vector<const MethodCalls*> all;
  if (unknown_.started.value() > 0) all.push_back(&unknown_);
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [path, method] : methods_) all.push_back(method.get());
  }
  std::ranges::sort(all, {}, &MethodCalls::path);
  return all;
}

}  // namespace protogres::metrics
