// PEM files -> the Gate of the server's port.
#ifndef PROTOGRES_SERVICE_RPC_TLS_H_
#define PROTOGRES_SERVICE_RPC_TLS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "rpc/gate.h"
#include "rpc/server.h"

namespace protogres::rpc {

// Plaintext where `options` name no files. INVALID_ARGUMENT: one cannot be read or is no PEM file.
absl::StatusOr<std::shared_ptr<Gate>> MakeGate(const ServerOptions& options);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_TLS_H_
