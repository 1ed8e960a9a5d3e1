// The error for a path that no method has. It says what exists instead, if the client may know that. Pure.
#ifndef PROTOGRES_SERVICE_RPC_UNKNOWN_METHOD_H_
#define PROTOGRES_SERVICE_RPC_UNKNOWN_METHOD_H_

#include <string>

#include "absl/status/status.h"
#include "rpc/snapshot.h"

namespace protogres::rpc {

// UNIMPLEMENTED, reason UNKNOWN_METHOD. Without an Api it is UNAVAILABLE, because nobody knows yet which methods there
// are. `tells`: the client may know the names of services and methods, which is so if reflection would answer it.
absl::Status UnknownMethod(const std::string& path, const Snapshot& snapshot, bool tells);
// The same for a method that was there when the call began, where `snapshot` has it no longer.
absl::Status GoneMethod(const std::string& path, const Snapshot& snapshot);

// Whether the Api of `snapshot` has a method with this path. Binds no table, unlike Api::Find.
bool HasMethod(const std::string& path, const Snapshot& snapshot);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_UNKNOWN_METHOD_H_
