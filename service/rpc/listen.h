// The sockets that the server listens on. gRPC's own listening would only say yes or no, and
// take as many connections as come.
#ifndef PROTOGRES_SERVICE_RPC_LISTEN_H_
#define PROTOGRES_SERVICE_RPC_LISTEN_H_

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "text/address.h"

namespace protogres::rpc {

// A socket, closed with it. Does not block.
class Socket {
 public:
  explicit Socket(int family);
  ~Socket();
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;

  int fd() const { return fd_; }
  // That it is bound to; 0: it has none.
  int port() const;

 private:
  int fd_;
};

// Listens there: a socket for each of the host's addresses, of one port. INVALID_ARGUMENT: the host cannot be resolved;
// UNAVAILABLE: the system's reason (in use, no permission).
absl::StatusOr<std::vector<Socket>> Listen(const text::Address& address);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_LISTEN_H_
