#include "wire/fault.h"

#include <utility>

#include "status/status.h"

namespace protogres::wire {

bool Fault::Set(std::string what_is_wrong) {
  path.clear();
  what = std::move(what_is_wrong);
  return false;
}

bool Fault::Under(std::string_view segment) {
  const bool joined = path.empty() || path.starts_with('[');
  path = std::string(segment) + (joined ? "" : ".") + path;
  return false;
}

absl::Status Fault::ToStatus(const std::string& root) const {
  Fault whole = *this;
  if (!root.empty()) whole.Under(root);
  return status::BadRequest(whole.path, what);
}

}  // namespace protogres::wire
