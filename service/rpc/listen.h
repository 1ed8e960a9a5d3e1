// Where the server listens: addresses checked before gRPC sees them, since it
// only says yes or no.
#ifndef PROTOGRES_SERVICE_RPC_LISTEN_H_
#define PROTOGRES_SERVICE_RPC_LISTEN_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace protogres::rpc {

struct Address {
  std::string host;  // without the brackets of IPv6
  std::string port;
  std::string unix_path;  // not empty: a Unix socket, and no host and port

  // As gRPC takes it.
  std::string ToString() const;
};

// host:port, [IPv6]:port, :port (all IPv4 interfaces), or unix:/path. INVALID_ARGUMENT: what is wrong with `listen`,
// and what it may be.
absl::StatusOr<Address> ParseAddress(const std::string& listen);

// Whether one can listen there, by doing so for a moment. INVALID_ARGUMENT: the host
// cannot be resolved; UNAVAILABLE: the system's reason (in use, no permission).
absl::Status TryListen(const Address& address);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_LISTEN_H_
