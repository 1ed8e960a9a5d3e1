// The error for a path that no method has: it says what there is instead. Pure.
#ifndef PROTOGRES_SERVICE_RPC_UNKNOWN_METHOD_H_
#define PROTOGRES_SERVICE_RPC_UNKNOWN_METHOD_H_

#include <string>

#include "absl/status/status.h"
#include "rpc/snapshot.h"

namespace protogres::rpc {

// UNIMPLEMENTED, reason UNKNOWN_METHOD; without an Api UNAVAILABLE, since nobody knows yet.
absl::Status UnknownMethod(const std::string& path, const Snapshot& snapshot);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_UNKNOWN_METHOD_H_
