// The error for a path that no method has. It says what exists instead. Pure.
#ifndef PROTOGRES_SERVICE_RPC_UNKNOWN_METHOD_H_
#define PROTOGRES_SERVICE_RPC_UNKNOWN_METHOD_H_

#include <string>

#include "absl/status/status.h"
#include "rpc/snapshot.h"

namespace protogres::rpc {

// UNIMPLEMENTED, reason UNKNOWN_METHOD. Without an Api it is UNAVAILABLE, because nobody knows yet which methods there
// are.
absl::Status UnknownMethod(const std::string& path, const Snapshot& snapshot);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_UNKNOWN_METHOD_H_
