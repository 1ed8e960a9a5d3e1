#include "rpc/listen.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

namespace protogres::rpc {
namespace {

using text::Address;

absl::Status Invalid(const Address& address, const std::string& what) {
  return absl::InvalidArgumentError(fmt::format("--listen={}: {}", address.ToString(), what));
}

absl::Status Refused(const Address& address, const std::string& what) {
  return absl::UnavailableError(fmt::format("cannot listen on {}: {}", address.ToString(), what));
}

// A socket file that was left behind is replaced. One that is in use is not.
absl::StatusOr<std::vector<Socket>> ListenUnix(const Address& address) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (address.unix_path.size() >= sizeof(name.sun_path)) {
    return Invalid(address, fmt::format("the path is longer than {} bytes", sizeof(name.sun_path) - 1));
  }
  std::memcpy(name.sun_path, address.unix_path.data(), address.unix_path.size());
  const auto* const at = reinterpret_cast<const sockaddr*>(&name);
  if (::connect(Socket(AF_UNIX).fd(), at, sizeof(name)) == 0) return Refused(address, std::strerror(EADDRINUSE));
  struct stat found {};
  if (::stat(address.unix_path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode)) ::unlink(address.unix_path.c_str());
  Socket socket(AF_UNIX);
  if (::bind(socket.fd(), at, sizeof(name)) != 0 || ::listen(socket.fd(), SOMAXCONN) != 0) {
    return Refused(address, std::strerror(errno));
  }
  std::vector<Socket> sockets;
  sockets.push_back(std::move(socket));
  return sockets;
}

// The port of a socket that is bound; 0: it has none.
int PortOf(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) return 0;
  if (name.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(name).sin6_port);
  return name.ss_family == AF_INET ? ntohs(reinterpret_cast<const sockaddr_in&>(name).sin_port) : 0;
}

// Binds `fd` to `at`, and listens. If `port` is not 0, it replaces the port of `at`. False: errno says why not.
bool Bind(const addrinfo& at, int port, int fd) {
  sockaddr_storage name{};
  std::memcpy(&name, at.ai_addr, at.ai_addrlen);
  if (port != 0) {
    auto& field = at.ai_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(name).sin6_port
                                           : reinterpret_cast<sockaddr_in&>(name).sin_port;
    field = htons(static_cast<std::uint16_t>(port));
  }
  const int on = 1;
  // Connections of an earlier run may be in TIME_WAIT.
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&name), at.ai_addrlen) == 0 && ::listen(fd, SOMAXCONN) == 0;
}

}  // namespace

Socket::Socket(int family) : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

int Socket::port() const { return PortOf(fd_); }

bool Socket::local() const {
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&name), &size) != 0) return false;
  if (name.ss_family == AF_INET) {
    return ntohl(reinterpret_cast<const sockaddr_in&>(name).sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
  }
  if (name.ss_family == AF_INET6) {
    const in6_addr& at = reinterpret_cast<const sockaddr_in6&>(name).sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(&at) || (IN6_IS_ADDR_V4MAPPED(&at) && at.s6_addr[12] == IN_LOOPBACKNET);
  }
  return name.ss_family == AF_UNIX;
}

absl::StatusOr<std::vector<Socket>> Listen(const Address& address, bool local_only) {
  if (!address.unix_path.empty()) return ListenUnix(address);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int failure = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found); failure != 0) {
    return Invalid(address, fmt::format("the host cannot be resolved: {}", ::gai_strerror(failure)));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  // One of several addresses is enough (localhost without IPv6), unless another process has one of the others.
  std::vector<Socket> sockets;
  int error = 0;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    Socket socket(at->ai_family);
    if (Bind(*at, sockets.empty() ? 0 : sockets.front().port(), socket.fd())) {
      sockets.push_back(std::move(socket));
    } else if (error != EADDRINUSE) {
      error = errno;
    }
  }
  if (sockets.empty() || error == EADDRINUSE) return Refused(address, std::strerror(error));
  if (local_only && !std::ranges::all_of(sockets, &Socket::local)) {
    return Invalid(address,
                   "other machines can connect to it, without encryption: give --tls_cert and --tls_key, or listen on "
                   "127.0.0.1, or say --insecure where a proxy, a mesh or a network policy protects it");
  }
  return sockets;
}

}  // namespace protogres::rpc
