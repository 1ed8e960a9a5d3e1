#include "support/proxy.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace protogres::testing {
namespace {

// How long a change of silence may take to be heeded.
constexpr int kTick = 5;  // milliseconds

std::string SocketPath(const std::string& uri) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(uri.c_str(), nullptr),
                                                                             &PQconninfoFree);
  std::string host, port;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    if (std::string_view(option->keyword) == "host") host = option->val;
    if (std::string_view(option->keyword) == "port") port = option->val;
  }
  return host + "/.s.PGSQL." + port;
}

}  // namespace

Proxy::Proxy(const std::string& uri) : socket_(SocketPath(uri)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, any, size) != 0 || listen(listener_, 64) != 0 || getsockname(listener_, any, &size) != 0) {
    throw std::runtime_error("the proxy cannot listen");
  }
  uri_ = uri + " host=127.0.0.1 port=" + std::to_string(ntohs(address.sin_port));
  thread_ = std::thread([this] { Loop(); });
}

Proxy::~Proxy() {
  stop_ = true;
  thread_.join();
  for (const Link& link : links_) {
    close(link.client);
    close(link.server);
  }
  close(listener_);
}

void Proxy::SetSilent(bool existing, bool fresh) {
  std::lock_guard lock(mutex_);
  for (Link& link : links_) link.silent = existing;
  fresh_silent_ = fresh;
}

void Proxy::Cut() {
  std::lock_guard lock(mutex_);
  for (Link& link : links_) link.cut = true;
}

void Proxy::Loop() {
  while (!stop_) {
    std::vector<pollfd> wait = {{listener_, POLLIN, 0}};
    std::unique_lock lock(mutex_);
    for (const Link& link : links_) {
      if (link.silent) continue;
      wait.push_back({link.client, POLLIN, 0});
      wait.push_back({link.server, POLLIN, 0});
    }
    lock.unlock();
    poll(wait.data(), wait.size(), kTick);
    lock.lock();
    const auto readable = [&wait](int fd) {
      return std::any_of(wait.begin(), wait.end(),
                         [fd](const pollfd& one) { return one.fd == fd && one.revents != 0; });
    };
    std::erase_if(links_, [&](Link& link) {
      if (link.silent) return false;
      if (!link.cut && (!readable(link.client) || Ask(link)) && (!readable(link.server) || Answer(link))) {
        return false;
      }
      close(link.client);
      close(link.server);
      return true;
    });
    if (wait.front().revents != 0) Accept();
  }
}

void Proxy::Accept() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_.copy(address.sun_path, sizeof address.sun_path - 1);
  const Link link{accept(listener_, nullptr, nullptr), socket(AF_UNIX, SOCK_STREAM, 0), fresh_silent_};
  if (connect(link.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    links_.push_back(link);
    return;
  }
  close(link.client);
  close(link.server);
}

bool Proxy::Ask(Link& link) {
  if (!std::exchange(link.asked, true)) ++round_trips_;
  return Pass(link.client, link.server);
}

bool Proxy::Answer(Link& link) {
  link.asked = false;
  return Pass(link.server, link.client);
}

bool Proxy::Pass(int from, int to) {
  std::array<char, 65536> bytes;
  const ssize_t size = recv(from, bytes.data(), bytes.size(), 0);
  return size > 0 && send(to, bytes.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL) == size;
}

}  // namespace protogres::testing
