// LISTENs on a channel with a connection of its own, for as long as it lives.
#ifndef PROTOGRES_SERVICE_DB_LISTENER_H_
#define PROTOGRES_SERVICE_DB_LISTENER_H_

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "db/connection.h"

namespace protogres::db {

class Listener {
 public:
  // Starts a thread that connects, LISTENs on `channel` (an SQL identifier, unquoted) and calls
  // `on_notify` for each NOTIFY, and once after each reconnect, since what came
  // meanwhile was missed. A lost connection is made again, every few seconds.
  Listener(ConnectionFactory factory, std::string channel, std::function<void()> on_notify);
  // Ends the thread: within a second.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  void Loop();
  void ListenUntilLost(bool again);

  const ConnectionFactory factory_;
  const std::string channel_;
  const std::function<void()> on_notify_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_LISTENER_H_
