// PEM files -> the Gate of the server's port. The files are read again when they have changed.
#ifndef PROTOGRES_SERVICE_RPC_TLS_H_
#define PROTOGRES_SERVICE_RPC_TLS_H_

#include <chrono>
#include <memory>

#include "absl/status/statusor.h"
#include "rpc/gate.h"
#include "rpc/server.h"

namespace protogres::rpc {

// Plaintext where `options` name no files. INVALID_ARGUMENT: one cannot be read or is no PEM file, or the key is not
// that of the certificate.
//
// At most once in `look_every`, a handshake reads the files. If they hold something else than before, the handshakes
// from then on use that. Connections that are open stay as they are. If the new
// files cannot be used, a warning says why, and the last good ones stay in use.
absl::StatusOr<std::shared_ptr<Gate>> MakeGate(const ServerOptions& options,
                                               std::chrono::milliseconds look_every = std::chrono::seconds(1));

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_TLS_H_
