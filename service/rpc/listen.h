// The sockets that the server listens on. If gRPC listened itself, it would not say why that fails, and would accept
// any number of connections.
#ifndef PROTOGRES_SERVICE_RPC_LISTEN_H_
#define PROTOGRES_SERVICE_RPC_LISTEN_H_

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "text/address.h"

namespace protogres::rpc {

// A socket that does not block. It is closed when this goes out of scope.
class Socket {
 public:
  explicit Socket(int family);
  ~Socket();
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;

  int fd() const { return fd_; }
  // The port that the socket is bound to. 0: it has none.
  int port() const;
  // True: only processes of this machine can reach the socket.
  bool local() const;

 private:
  int fd_;
};

// Listens at `address`, by a socket for each address of the host, all with one port. INVALID_ARGUMENT: the host cannot
// be resolved, or the path of a Unix socket is too long, or other machines could connect although `local_only`.
// UNAVAILABLE: the system refuses, and the message has its reason (for example, the port is in use).
absl::StatusOr<std::vector<Socket>> Listen(const text::Address& address, bool local_only = false);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_LISTEN_H_
