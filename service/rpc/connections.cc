#include "rpc/connections.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "db/memory.h"
#include "rpc/allocated.h"
#include "status/macros.h"
#include "text/address.h"

namespace protogres::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The time between two looks at the memory. A client that sends as fast as loopback takes it makes the process grow by
// some megabytes meanwhile.
constexpr milliseconds kLook{10};
constexpr seconds kLookAtAll{3};
constexpr seconds kRelease{1};
// The time between two ends of connections, in which the memory that the first has freed is seen.
constexpr milliseconds kBetweenEnds{100};
constexpr seconds kBetweenWarnings{5};
// The free memory that a look leaves to the process, in bytes. Once a second a look leaves only the second amount.
constexpr std::int64_t kKeepBusy = 48 * 1024 * 1024;
constexpr std::int64_t kKeepIdle = 8 * 1024 * 1024;
// More unexplained memory than this is not normal. Reading a large catalog again takes less.
constexpr std::int64_t kMuch = 256 * 1024 * 1024;
// The memory of an idle connection with TLS. One without TLS takes a third of it.
constexpr std::int64_t kConnectionBytes = 64 * 1024;
// The most bytes of memory that gRPC takes for one byte from a client. It does so for streams of a few bytes each.
constexpr std::int64_t kMostMade = 1024;
constexpr seconds kUnreadFor{10};
// A client that takes more than this part of its unread bytes between two looks at all connections does read.
constexpr std::int64_t kReads = 64;  // 1/64

// The port of the peer. 0: it has none.
int KeyOfSocket(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) return 0;
  if (name.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(name).sin6_port);
  return name.ss_family == AF_INET ? ntohs(reinterpret_cast<const sockaddr_in&>(name).sin_port) : 0;
}

}  // namespace

Connections::~Connections() {
  StopAccepting();
  stopped_ = true;
  if (thread_.joinable()) thread_.join();
  for (const auto& [fd, connection] : connections_) close(fd);
  if (epoll_ >= 0) close(epoll_);
}

absl::Status Connections::Listen(const text::Address& address, bool local_only) {
  ASSIGN_OR_RETURN(sockets_, rpc::Listen(address, local_only));
  unix_path_ = address.unix_path;
  return absl::OkStatus();
}

void Connections::Start(std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> server) {
  server_ = std::move(server);
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  for (const Socket& socket : sockets_) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket.fd();
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket.fd(), &event);
  }
  accepting_ = true;
  thread_ = std::thread([this] { Run(); });
}

int Connections::size() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(connections_.size());
}

void Connections::StopAccepting() {
  if (!accepting_.exchange(false)) return;
  for (const Socket& socket : sockets_) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, socket.fd(), nullptr);
    // Connections that wait to be accepted are refused.
    shutdown(socket.fd(), SHUT_RDWR);
  }
  if (!unix_path_.empty()) unlink(unix_path_.c_str());
}

void Connections::Run() {
  std::array<epoll_event, 64> events{};
  while (!stopped_) {
    const int count =
        epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), static_cast<int>(kLook.count()));
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      const bool listener = std::ranges::any_of(sockets_, [fd](const Socket& socket) { return socket.fd() == fd; });
      if (!listener) {
        Remove(fd);
      } else if (accepting_) {
        Accept(fd);
      }
    }
    Watch(Clock::now());
  }
}

void Connections::Accept(int listener) {
  // The number is limited, as the memory must be looked at in between.
  for (int i = 0; i < 256; ++i) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      // There may be no descriptor left. The connection waits.
      if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) std::this_thread::sleep_for(kLook);
      return;
    }
    Add(listener, fd);
  }
}

void Connections::Add(int listener, int fd) {
  const auto now = Clock::now();
  Connection connection{.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0), .key = KeyOfSocket(fd), .progress = now};
  {
    std::lock_guard lock(mutex_);
    if (connection.fd < 0 || connections_.size() >= static_cast<std::size_t>(options_.max_connections)) {
      if (now >= next_warning_) {
        spdlog::warn("a connection was refused: {}",
                     connection.fd < 0 ? std::strerror(errno) : "there are as many as --max_connections allows");
        next_warning_ = now + kBetweenWarnings;
      }
      if (connection.fd >= 0) close(connection.fd);
      close(fd);
      return;
    }
    connections_.emplace(connection.fd, connection);
    if (connection.key != 0) fds_.emplace(connection.key, connection.fd);
  }
  // epoll reports the end of the connection without being asked for it.
  epoll_event event{};
  event.data.fd = connection.fd;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (options_.user_timeout.count() > 0) {
    const auto timeout = static_cast<unsigned>(std::min<std::int64_t>(options_.user_timeout.count(), 1 << 30));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
  }
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
  parameters.listener_fd = listener;
  parameters.fd = fd;
  server_->HandleNewConnection(&parameters);
}

void Connections::Remove(int fd) {
  std::lock_guard lock(mutex_);
  const auto found = connections_.find(fd);
  if (found == connections_.end()) return;
  const auto [begin, end] = fds_.equal_range(found->second.key);
  for (auto at = begin; at != end; ++at) {
    if (at->second != fd) continue;
    fds_.erase(at);
    break;
  }
  connections_.erase(found);
  // gRPC keeps its own descriptor until the last call has ended, and so epoll keeps the socket. It would report its end
  // again and again, by a number that another connection may have by then.
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  close(fd);
}

// The port at the end of "ipv4:127.0.0.1:40404". 0: it is a Unix socket, or the call was cancelled before it was seen.
int Connections::KeyOf(const std::string& peer) {
  return text::ParsePort(std::string_view(peer).substr(peer.rfind(':') + 1)).value_or(0);
}

void Connections::Received(int key, std::int64_t bytes) {
  std::lock_guard lock(mutex_);
  const auto [begin, end] = fds_.equal_range(key);
  for (auto at = begin; at != end; ++at) connections_[at->second].explained += bytes;
}

void Connections::Unread(int key, std::int64_t bytes) {
  std::lock_guard lock(mutex_);
  const auto [begin, end] = fds_.equal_range(key);
  for (auto at = begin; at != end; ++at) {
    Connection& connection = connections_[at->second];
    if (bytes < 0 || connection.unread == 0) connection.progress = Clock::now();
    // An answer may be of an earlier connection from the same port.
    connection.unread = std::max<std::int64_t>(0, connection.unread + bytes);
  }
}

void Connections::Watch(Clock::time_point now) {
  db::Memory& memory = db::Memory::OfProcess();
  const std::int64_t allocated = AllocatedBytes();
  const std::int64_t held = memory.held();
  // The base never falls. While a result comes, more memory is counted as held than is taken: a base that is measured
  // then would be too low, and make everything look like too much ever after.
  const std::int64_t described = db::Memory::OfDescriptions().held();
  if (rebase_.exchange(false)) base_ = std::max(base_, allocated - held - described);
  const std::int64_t limit = memory.limit();
  const std::int64_t taken = allocated - base_ - described;
  memory.SetPressed(taken > limit);
  GiveBackFreeMemory(now >= next_release_ ? kKeepIdle : kKeepBusy);
  if (now >= next_release_) next_release_ = now + kRelease;
  if (now >= next_look_) {
    LookAtAll();
    next_look_ = now + kLookAtAll;
  }
  if (now < next_end_) return;
  const std::int64_t unexplained = taken - held - Idle();
  if (unexplained > std::min(limit / 2, kMuch) || (taken > limit && unexplained > limit / 4)) EndWorst(unexplained);
  if (!memory.Admit().ok()) EndUnread(now);
}

// The memory that the connections take while nothing is sent.
std::int64_t Connections::Idle() {
  std::lock_guard lock(mutex_);
  return static_cast<std::int64_t>(connections_.size()) * kConnectionBytes;
}

void Connections::LookAtAll() {
  std::lock_guard lock(mutex_);
  for (auto& [fd, connection] : connections_) {
    const Traffic traffic = TrafficOf(connection);
    connection.before = connection.now;
    connection.now = traffic.unexplained;
    if (traffic.taken - connection.taken > connection.unread / kReads) connection.progress = Clock::now();
    connection.taken = traffic.taken;
  }
}

Connections::Traffic Connections::TrafficOf(const Connection& connection) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (connection.key == 0 || getsockopt(connection.fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
  return {.unexplained = static_cast<std::int64_t>(info.tcpi_bytes_received) - connection.explained,
          .taken = static_cast<std::int64_t>(info.tcpi_bytes_acked)};
}

void Connections::EndWorst(std::int64_t unexplained) {
  std::lock_guard lock(mutex_);
  const Connection* worst = nullptr;
  std::int64_t most = unexplained / kMostMade;
  for (const auto& [fd, connection] : connections_) {
    const std::int64_t recent = TrafficOf(connection).unexplained - connection.before;
    if (recent > most) {
      most = recent;
      worst = &connection;
    }
  }
  if (worst == nullptr) return;
  spdlog::warn(
      "the connection from port {} was ended: it has sent {} bytes that belong to no message, and the process takes "
      "{} bytes of memory that no call explains (--max_memory)",
      worst->key, most, unexplained);
  End(*worst);
  next_end_ = Clock::now() + kBetweenEnds;
}

void Connections::EndUnread(Clock::time_point now) {
  const std::int64_t much = db::Memory::OfProcess().limit() / 16;
  std::lock_guard lock(mutex_);
  for (const auto& [fd, connection] : connections_) {
    if (connection.unread < much || now - connection.progress < kUnreadFor) continue;
    // The bytes may be those that another client with the same port does not read.
    if (fds_.count(connection.key) > 1) continue;
    spdlog::warn("the connection from port {} was ended: it has not read {} bytes of answers for {} s (--max_memory)",
                 connection.key, connection.unread, kUnreadFor.count());
    End(connection);
    next_end_ = now + kBetweenEnds;
  }
}

// Takes away what has come already, too, as gRPC would go on to read it.
void Connections::End(const Connection& connection) {
  shutdown(connection.fd, SHUT_RDWR);
  std::array<char, 16 * 1024> nothing;
  for (int i = 0; i < 4096; ++i) {
    if (recv(connection.fd, nothing.data(), nothing.size(), MSG_DONTWAIT) <= 0) return;
  }
}

}  // namespace protogres::rpc
