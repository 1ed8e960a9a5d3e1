// The error for a path that no method has: it says what there is instead. Pure.
#ifndef PROTOGRES_SERVICE_RPC_UNKNOWN_METHOD_H_
#define PROTOGRES_SERVICE_RPC_UNKNOWN_METHOD_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "rpc/snapshot.h"

namespace protogres::rpc {

// UNIMPLEMENTED, reason UNKNOWN_METHOD; without an Api UNAVAILABLE, since nobody knows yet.
absl::Status UnknownMethod(const std::string& path, const Snapshot& snapshot);

// At most `limit` of `names` that are most like `name`, the best first. Cheap: the last parts
// of the names are compared from their beginnings, without case.
std::vector<std::string> Nearest(std::string_view name, const std::vector<std::string>& names, std::size_t limit);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_UNKNOWN_METHOD_H_
