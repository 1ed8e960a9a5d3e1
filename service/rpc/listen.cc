#include "rpc/listen.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"

namespace protogres::rpc {
namespace {

constexpr char kUnix[] = "unix:";
constexpr std::size_t kUnixSize = sizeof(kUnix) - 1;

absl::Status Malformed(const std::string& what) {
  return absl::InvalidArgumentError(
      what + "; it must be host:port, [IPv6]:port, :port for all IPv4 interfaces, or unix:/path");
}

absl::Status Invalid(const Address& address, const std::string& what) {
  return absl::InvalidArgumentError(fmt::format("--listen={}: {}", address.ToString(), what));
}

absl::Status Refused(const Address& address, const std::string& what) {
  return absl::UnavailableError(fmt::format("cannot listen on {}: {}", address.ToString(), what));
}

class Socket {
 public:
  explicit Socket(int family) : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

// gRPC replaces a socket file that is there: right for one left behind, wrong for one in use.
absl::Status TryUnix(const Address& address) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (address.unix_path.size() >= sizeof(name.sun_path)) {
    return Invalid(address, fmt::format("the path is longer than {} bytes", sizeof(name.sun_path) - 1));
  }
  std::memcpy(name.sun_path, address.unix_path.data(), address.unix_path.size());
  const Socket socket(AF_UNIX);
  if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0) {
    return Refused(address, std::strerror(EADDRINUSE));
  }
  const std::string directory = address.unix_path.substr(0, address.unix_path.rfind('/') + 1);
  if (!directory.empty() && ::access(directory.c_str(), W_OK) != 0) return Refused(address, std::strerror(errno));
  return absl::OkStatus();
}

}  // namespace

std::string Address::ToString() const {
  if (!unix_path.empty()) return kUnix + unix_path;
  return host.find(':') == std::string::npos ? host + ":" + port : "[" + host + "]:" + port;
}

absl::StatusOr<Address> ParseAddress(const std::string& listen) {
  Address address;
  if (listen.starts_with(kUnix)) {
    address.unix_path = listen.substr(kUnixSize);
    if (address.unix_path.starts_with("//")) address.unix_path.erase(0, 2);  // unix:///path
    if (address.unix_path.empty()) return Malformed("the path is missing");
    return address;
  }
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return Malformed("the port is missing");
  address.host = listen.substr(0, colon);
  address.port = listen.substr(colon + 1);
  std::uint16_t port = 0;
  const char* end = address.port.data() + address.port.size();
  if (const auto [at, error] = std::from_chars(address.port.data(), end, port); error != std::errc() || at != end) {
    return Malformed(fmt::format("\"{}\" is no port from 0 to 65535", address.port));
  }
  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
    if (address.host.empty()) return Malformed("the host in the brackets is missing");
  } else if (address.host.find(':') != std::string::npos) {
    return Malformed("an IPv6 address needs brackets");
  }
  if (address.host.empty() || address.host == "*") address.host = "0.0.0.0";
  return address;
}

absl::Status TryListen(const Address& address) {
  if (!address.unix_path.empty()) return TryUnix(address);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int failure = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found); failure != 0) {
    return Invalid(address, fmt::format("the host cannot be resolved: {}", ::gai_strerror(failure)));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  // One address of several is enough (localhost without IPv6), as long as nobody else has another.
  int error = 0;
  bool bound = false;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const Socket socket(at->ai_family);
    const int on = 1;
    // As gRPC does, so that connections of an earlier run in TIME_WAIT are no obstacle.
    ::setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (::bind(socket.fd(), at->ai_addr, at->ai_addrlen) == 0 && ::listen(socket.fd(), 1) == 0) {
      bound = true;
    } else if (error != EADDRINUSE) {
      error = errno;
    }
  }
  if (!bound || error == EADDRINUSE) return Refused(address, std::strerror(error));
  return absl::OkStatus();
}

}  // namespace protogres::rpc
