// Stops the statement that runs on a connection of libpq, from another thread.
#ifndef PROTOGRES_SERVICE_DB_STOPPER_H_
#define PROTOGRES_SERVICE_DB_STOPPER_H_

#include <libpq-fe.h>

#include <atomic>
#include <chrono>
#include <memory>

#include "db/connection.h"

namespace protogres::db {

// Has its own descriptor of the socket. libpq closes its descriptor at a moment that another thread cannot know, and
// the number may then belong to another socket.
class SocketStopper : public Stopper {
 public:
  // `connection` must be open; it may be closed while this still lives. Throws std::system_error if there is no
  // descriptor left.
  SocketStopper(PGconn* connection, std::chrono::milliseconds patience);
  ~SocketStopper() override;
  SocketStopper(const SocketStopper&) = delete;
  SocketStopper& operator=(const SocketStopper&) = delete;

  void Ask() override;
  void Shut() override;
  std::chrono::milliseconds patience() const override { return patience_; }

  // True: Shut was called.
  bool shut() const { return shut_; }

 private:
  const std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> cancel_;
  const int socket_;
  const std::chrono::milliseconds patience_;
  std::atomic<bool> shut_ = false;
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_STOPPER_H_
