// The client connections, as sockets: accepted here, counted, and handed to gRPC. gRPC (1.51) reads whatever a client
// sends and bounds little of what it makes of it: streams that are opened and reset, headers without end, halves of
// messages. So a second descriptor of each socket stays here, and where the process takes more memory than its calls
// account for, the connection that has sent most without a message to show for it is ended.
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

// Thread-safe, but for Listen, Start and the destructor.
class Connections {
 public:
  struct Options {
    int max_connections = 10'000;
    // How long what was sent may stay unacknowledged (TCP_USER_TIMEOUT); 0: as the system has it.
    std::chrono::milliseconds user_timeout{0};
  };

  explicit Connections(const Options& options) : options_(options) {}
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // rpc::Listen's errors.
  absl::Status Listen(const text::Address& address);
  // The port; 0: there is none.
  int port() const { return sockets_.empty() ? 0 : sockets_.front().port(); }
  // Accepts from now on, on a thread of its own, and watches over the memory. `server` is of the gRPC server.
  void Start(std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> server);
  // No new connections from now on; those that are there go on. Idempotent.
  void StopAccepting();

  // What the process holds beside its calls is another from now on: it has loaded an Api.
  void Rebase() { rebase_.store(true); }

  // Large messages of the connection from `peer`, as gRPC names it, in bytes: received whole; an answer that gRPC has
  // from now on (or no longer, negative).
  void Received(const std::string& peer, std::int64_t bytes);
  void Unread(const std::string& peer, std::int64_t bytes);

 private:
  using Clock = std::chrono::steady_clock;

  struct Connection {
    int fd = -1;  // ours, beside gRPC's
    int key = 0;  // by which messages find it; 0: they cannot
    std::int64_t explained = 0;
    std::int64_t unread = 0;
    Clock::time_point progress;        // of unread answers
    std::int64_t before = 0, now = 0;  // bytes that no message explains, at the last two looks
    std::int64_t taken = 0;            // bytes that the client has acknowledged, at the last look
  };

  void Run();
  void Accept(int listener);
  void Add(int listener, int fd);
  void Remove(int fd);
  // Looks at the memory, and does what is due.
  void Watch(Clock::time_point now);
  std::int64_t Idle();
  void LookAtAll();
  // Ends the connection with most bytes received that no message explains; not if these are few.
  void EndWorst(std::int64_t unexplained);
  // Ends those that hold much of the budget in answers that they do not read.
  void EndUnread(Clock::time_point now);
  static void End(const Connection& connection);
  // What the kernel has counted, in bytes: received of no message that is known, and acknowledged by the client. Zeros:
  // it is not known.
  struct Traffic {
    std::int64_t unexplained = 0;
    std::int64_t taken = 0;
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

  // For the thread alone.
  std::int64_t base_ = 0;
  Clock::time_point next_look_, next_release_, next_end_, next_warning_;

  std::mutex mutex_;
  std::unordered_map<int, Connection> connections_;  // by fd
  std::unordered_multimap<int, int> fds_;            // by key
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_CONNECTIONS_H_
