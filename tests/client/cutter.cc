#include "cutter.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace protogres::testing {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

}  // namespace

Cutter::Cutter(int server_port) : server_port_(server_port) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(listener_, 16) != 0)
    std::terminate();
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Loop(); });
}

Cutter::~Cutter() {
  stop_ = true;
  thread_.join();
  CloseAll();
  close(listener_);
}

void Cutter::Loop() {
  while (!stop_) {
    if (cut_.exchange(false)) CloseAll();
    std::vector<pollfd> fds = {{listener_, POLLIN, 0}};
    for (const Link& link : links_) {
      fds.push_back({link.client, POLLIN, 0});
      fds.push_back({link.server, POLLIN, 0});
    }
    if (poll(fds.data(), fds.size(), 5) <= 0) continue;
    std::vector<Link> kept;
    bool cut = false;
    for (size_t i = 0; i < links_.size(); ++i) {
      const Link link = links_[i];
      const bool open = (fds[2 * i + 1].revents == 0 || Pass(link.client, link.server, false)) &&
                        (fds[2 * i + 2].revents == 0 || Pass(link.server, link.client, true));
      if (open) kept.push_back(link);
      if (!open) close(link.client), close(link.server);
      cut = cut || bytes_left_ == 0;
    }
    links_ = kept;
    if (cut) {
      bytes_left_ = -1;
      CloseAll();
    }
    if (fds[0].revents != 0) Accept();
  }
}

void Cutter::Accept() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(server_port_);
  if (server_port_ == 0 || connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    close(client);
    close(server);
    return;
  }
  links_.push_back({client, server});
}

void Cutter::CloseAll() {
  if (!links_.empty()) ++cuts_;
  for (const Link& link : links_) {
    close(link.client);
    close(link.server);
  }
  links_.clear();
}

bool Cutter::Pass(int from, int to, bool answer) {
  std::array<char, 16384> buffer;
  size_t most = buffer.size();
  if (answer && bytes_left_ > 0) most = std::min(most, static_cast<size_t>(bytes_left_.load()));
  const ssize_t length = recv(from, buffer.data(), most, 0);
  if (length <= 0) return false;
  if (answer && bytes_left_ > 0) bytes_left_ -= length;
  for (ssize_t sent = 0; sent < length;) {
    const ssize_t more = send(to, buffer.data() + sent, static_cast<size_t>(length - sent), MSG_NOSIGNAL);
    if (more <= 0) return false;
    sent += more;
  }
  return true;
}

}  // namespace protogres::testing
