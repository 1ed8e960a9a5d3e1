// Where the server listens: addresses, and the sockets for them. gRPC's own listening would only say yes or no, and
// take as many connections as come.
#ifndef PROTOGRES_SERVICE_RPC_LISTEN_H_
#define PROTOGRES_SERVICE_RPC_LISTEN_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace protogres::rpc {

struct Address {
  std::string host;  // without the brackets of IPv6
  std::string port;
  std::string unix_path;  // not empty: a Unix socket, and no host and port

  // As it is written.
  std::string ToString() const;
};

// host:port, [IPv6]:port, :port (all IPv4 interfaces), or unix:/path. INVALID_ARGUMENT: what is wrong with `listen`,
// and what it may be.
absl::StatusOr<Address> ParseAddress(const std::string& listen);

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
absl::StatusOr<std::vector<Socket>> Listen(const Address& address);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_LISTEN_H_
