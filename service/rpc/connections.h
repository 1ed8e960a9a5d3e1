// The connections of clients. This accepts their sockets, counts them, and hands them to gRPC. gRPC (1.51) reads
// whatever a client sends, and hardly limits the memory that it takes for it: for streams that are opened and reset at
// once, for endless headers, for messages that never become whole. So a second descriptor of each socket stays here. If
// the process takes more memory than its calls explain, the connection that has sent most bytes without a message to
// show for them is ended.
#ifndef PROTOGRES_SERVICE_RPC_CONNECTIONS_H_
#define PROTOGRES_SERVICE_RPC_CONNECTIONS_H_

#include <grpcpp/server_builder.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "rpc/listen.h"
#include "text/address.h"

namespace protogres::rpc {

// Thread-safe, except for Listen, Start and the destructor.
class Connections {
 public:
  struct Options {
    int max_connections = 10'000;
    // How long the client may leave bytes unacknowledged (TCP_USER_TIMEOUT). 0: as long as the system lets it.
    std::chrono::milliseconds user_timeout{0};
  };

  explicit Connections(const Options& options) : options_(options) {}
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // Opens the sockets to listen on. The errors are those of rpc::Listen.
  absl::Status Listen(const text::Address& address, bool local_only);
  // The port of these sockets. 0: they have none.
  int port() const { return sockets_.empty() ? 0 : sockets_.front().port(); }
  // Starts the thread that accepts connections and watches the memory. `server` hands them to the gRPC server.
  void Start(std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> server);
  // Accepts no more connections. Those that are open stay. Idempotent.
  void StopAccepting();

  // How many are open.
  int size() const;

  // Says that the process has loaded an Api, so that the memory that it takes beside its calls is measured anew.
  void Rebase() { rebase_.store(true); }

  // By which Received and Unread find the connection from `peer`, which is the name that gRPC gives it. A caller asks
  // once and keeps the key: as soon as a call is cancelled, gRPC no longer knows its peer.
  static int KeyOf(const std::string& peer);
  // Tell of a large message of the connection with `key`. Received: a message of `bytes` has come whole. Unread: gRPC
  // is to send an answer of `bytes` from now on, or, if negative, no longer.
  void Received(int key, std::int64_t bytes);
  void Unread(int key, std::int64_t bytes);

 private:
  using Clock = std::chrono::steady_clock;

  struct Connection {
    int fd = -1;                       // a second descriptor, beside gRPC's
    int key = 0;                       // by which Received and Unread find the connection; 0: they cannot
    std::int64_t explained = 0;        // received bytes that belong to messages
    std::int64_t unread = 0;           // bytes of large answers that gRPC is to send
    Clock::time_point progress;        // when the client last read some of these
    std::int64_t before = 0, now = 0;  // received bytes that belong to no message, at the last two looks
    std::int64_t taken = 0;            // bytes that the client has acknowledged, at the last look
  };

  void Run();
  void Accept(int listener);
  void Add(int listener, int fd);
  void Remove(int fd);
  // Looks at the memory of the process, and does what is due.
  void Watch(Clock::time_point now);
  std::int64_t Idle();
  void LookAtAll();
  // Ends the connection that has sent most bytes that belong to no message, unless these are few.
  void EndWorst(std::int64_t unexplained);
  // Ends the connections that hold much of the budget in answers that their clients do not read.
  void EndUnread(Clock::time_point now);
  static void End(const Connection& connection);
  // What the kernel has counted, in bytes. Zeros: it does not say.
  struct Traffic {
    std::int64_t unexplained = 0;  // received, but belonging to no message that has come whole
    std::int64_t taken = 0;        // acknowledged by the client
  };
  static Traffic TrafficOf(const Connection& connection);

  const Options options_;
  std::vector<Socket> sockets_;
  std::string unix_path_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> server_;
  int epoll_ = -1;
  std::atomic<bool> accepting_{false};
  std::atomic<bool> stopped_{false};
  std::atomic<bool> rebase_{true};
  std::thread thread_;

  // Only the thread uses these.
  std::int64_t base_ = 0;
  Clock::time_point next_look_, next_release_, next_end_, next_warning_;

  mutable std::mutex mutex_;
  std::unordered_map<int, Connection> connections_;  // by fd
  std::unordered_multimap<int, int> fds_;            // by key
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_CONNECTIONS_H_
