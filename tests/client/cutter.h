// A network between a client and a server that a test can cut.
#ifndef PROTOGRES_TESTS_CLIENT_CUTTER_H_
#define PROTOGRES_TESTS_CLIENT_CUTTER_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace protogres::testing {

// Listens on a free port of 127.0.0.1, and passes connections on to a server's. Thread-safe.
class Cutter {
 public:
  explicit Cutter(int server_port);
  ~Cutter();
  Cutter(const Cutter&) = delete;
  Cutter& operator=(const Cutter&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // Where new connections go: a server that was started again. Zero: they are closed.
  void SetServer(int port) { server_port_ = port; }
  // Closes all connections.
  void Cut() { cut_ = true; }
  // Closes all connections, once, after so many more bytes have come from the server.
  void CutAfter(int64_t bytes) { bytes_left_ = bytes; }
  int cuts() const { return cuts_; }

 private:
  struct Link {
    int client;
    int server;
  };
  void Loop();
  void Accept();
  void CloseAll();
  // False: one side has closed.
  bool Pass(int from, int to, bool answer);

  int listener_ = -1;
  int port_ = 0;
  std::vector<Link> links_;
  std::atomic<int> server_port_;
  std::atomic<bool> cut_ = false;
  std::atomic<int64_t> bytes_left_ = -1;
  std::atomic<int> cuts_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace protogres::testing

#endif  // PROTOGRES_TESTS_CLIENT_CUTTER_H_
