#include "db/stopper.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace protogres::db {

SocketStopper::SocketStopper(PGconn* connection, std::chrono::milliseconds patience)
    : cancel_(PQgetCancel(connection), &PQfreeCancel),
      socket_(fcntl(PQsocket(connection), F_DUPFD_CLOEXEC, 0)),
      patience_(patience) {
  if (socket_ < 0) throw std::system_error(errno, std::generic_category(), "the connection's socket");
}

SocketStopper::~SocketStopper() { close(socket_); }

void SocketStopper::Ask() {
  // If this fails, the server is gone or takes no connection for now. Either the statement ends too, or the next
  // attempt succeeds.
  std::array<char, 256> why;
  PQcancel(cancel_.get(), why.data(), why.size());
}

void SocketStopper::Shut() {
  shut_ = true;
  shutdown(socket_, SHUT_RDWR);
}

}  // namespace protogres::db
