// A network between a test and its PostgreSQL that can fall silent.
#ifndef PROTOGRES_TESTS_SUPPORT_PROXY_H_
#define PROTOGRES_TESTS_SUPPORT_PROXY_H_

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace protogres::testing {

// Listens on a free port of 127.0.0.1 and passes each connection on to a server's Unix socket. Thread-safe.
class Proxy {
 public:
  // `uri` is Database::uri().
  explicit Proxy(const std::string& uri);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  // The server's connection string by way of the proxy.
  const std::string& uri() const { return uri_; }
  // What is silent takes bytes and passes none on; nobody is told. Of the connections there are, and of new ones.
  void SetSilent(bool existing, bool fresh);
  // Closes all connections.
  void Cut();
  // How often, on all connections so far, a client has sent something for the first time since it was sent something:
  // its round trips.
  int round_trips() const { return round_trips_; }

 private:
  struct Link {
    int client;
    int server;
    bool silent;
    bool cut = false;
    bool asked = false;  // the client was the last to send
  };
  void Loop();
  void Accept();
  // Passes on what the client has sent. False: a side has closed.
  bool Ask(Link& link);
  bool Answer(Link& link);
  // False: one side has closed.
  static bool Pass(int from, int to);

  std::string uri_;
  std::string socket_;
  int listener_;
  std::mutex mutex_;
  std::vector<Link> links_;
  bool fresh_silent_ = false;
  std::atomic<int> round_trips_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace protogres::testing

#endif  // PROTOGRES_TESTS_SUPPORT_PROXY_H_
