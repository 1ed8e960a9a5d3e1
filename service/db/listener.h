// LISTENs on a channel with a connection of its own, for as long as it lives.
#ifndef PROTOGRES_SERVICE_DB_LISTENER_H_
#define PROTOGRES_SERVICE_DB_LISTENER_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "db/connection.h"

namespace protogres::db {

struct ListenerOptions {
  // An SQL identifier, unquoted.
  std::string channel;
  // Between attempts after a connection that was lost or could not be made.
  std::chrono::milliseconds reconnect{2000};
  // The same where the server takes no LISTEN: a standby does not until it is promoted.
  std::chrono::milliseconds refused{60 * 1000};
  // The connections go elsewhere than those of the Pool, which does not say where they are lost.
  bool apart = false;
};

class Listener {
 public:
  // Starts a thread that connects, LISTENs and calls `on_notify` for each NOTIFY, and once after each reconnect, since
  // what came meanwhile was missed. A lost connection is made again.
  Listener(ConnectionFactory factory, ListenerOptions options, std::function<void()> on_notify);
  // Ends the thread: blocks for half a second at the most. A `factory` that hangs then is left to end by itself, so
  // what it refers to must live as long; `on_notify` is called no more.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_LISTENER_H_
