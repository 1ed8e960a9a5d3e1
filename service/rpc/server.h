// The gRPC server: completion queues, Calls, the executor, reflection and
// health. It answers any method from the Api in force and knows nothing of SQL.
#ifndef PROTOGRES_SERVICE_RPC_SERVER_H_
#define PROTOGRES_SERVICE_RPC_SERVER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "api/api.h"
#include "db/pool.h"
#include "rpc/renewal.h"

namespace protogres::rpc {

struct ServerOptions {
  // host:port; port 0 takes a free one.
  std::string listen = "0.0.0.0:50051";
  // Completion queues, each with a thread. One is fastest on few cores.
  int completion_queues = 1;
  // Threads that run statements; 0: as many as the pool can have connections.
  int workers = 0;
  // Gets and BatchGets of one Method that wait together are answered by one statement.
  bool coalesce = true;
  // Creates, Updates, Deletes and Undeletes of one Method that wait together share a transaction.
  bool group_commit = false;
  // Requests that may wait for a worker; beyond it RESOURCE_EXHAUSTED.
  int queue_size = 1024;
  // Sessions (protogres.v1.TransactionService/Session) open at once, and Streams and Imports: each holds a connection.
  // Together they are less than the pool can have, so that unary calls never starve; 0: none, -1: half of it for
  // sessions, a quarter for Streams and Imports, one at the least.
  int max_sessions = -1;
  int max_streams = -1;
  // The longest that one may wait for its client, to send or to read the next message.
  std::chrono::milliseconds session_idle_timeout{60 * 1000};
  // The longest that a session may be open, and a Stream or an Import; 0: these have no limit.
  std::chrono::milliseconds session_max_duration{10 * 60 * 1000};
  std::chrono::milliseconds stream_max_duration{60 * 60 * 1000};
  // The longest that a request may wait in the queue: --pool_timeout.
  std::chrono::milliseconds queue_timeout{30000};
  // Largest request, in bytes.
  int max_receive_message_bytes = 4 * 1024 * 1024;
  // Largest answer, in bytes; -1: no limit.
  int max_send_message_bytes = -1;
  // Largest sum of what requests, results and answers may hold at once, in bytes: db::Memory::OfProcess.
  std::int64_t max_memory = std::int64_t{1} << 30;
  // Requests that are compressed are inflated before their size is known: refused with UNIMPLEMENTED unless this is on.
  bool accept_compression = false;
  // Client connections at once; those beyond are closed as soon as they come.
  int max_connections = 10'000;
  // Calls at once on one client connection; 0: no limit.
  int max_concurrent_streams = 1000;
  // HTTP/2 pings to idle clients, and how long one may stay unanswered: a client that is gone without a word holds its
  // session for so long. 0: gRPC's defaults, which are two hours and 20 s.
  std::chrono::milliseconds keepalive_time{60 * 1000};
  std::chrono::milliseconds keepalive_timeout{20 * 1000};
  // The shortest time between a client's pings that is tolerated.
  std::chrono::milliseconds keepalive_min_client_interval{10000};
  // PEM files; empty: plaintext. With a client CA, clients must show a certificate of it.
  std::string tls_cert, tls_key, tls_client_ca;
};

// How a drain ended.
enum class Drained {
  kFinished,  // all calls finished by themselves
  kEnded,     // some were ended after the timeout, and their clients told
  // Some cannot be ended, as a thread waits for a database that does not answer, or a client reads no more. Only the
  // end of the process ends them, and closes their connections: their clients take that for UNAVAILABLE.
  kStuck,
};

class Server {
 public:
  // Listens and starts its threads. `pool` must outlive the Server.
  // INVALID_ARGUMENT: an address that cannot be parsed, a PEM file that cannot be read; UNAVAILABLE: in use.
  // `request_reload` is called when a statement's error says that the catalog moved. It gives the reload's number, and
  // Reloaded is due when that is over; 0: there will be none.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, db::Pool& pool,
                                                       RequestReload request_reload);
  // Shuts down at once if Drain was not called.
  virtual ~Server() = default;

  // The Api that new calls run against from now on; calls in flight keep
  // theirs. Null (as at the start) while the catalog could not be read yet: calls get UNAVAILABLE with `why`.
  virtual void SetApi(std::shared_ptr<const api::Api> api, const std::string& why = "") = 0;

  // The reload of this number is over; the Api that it brought, if any, is set. Calls that waited for it go on.
  virtual void Reloaded(std::uint64_t reload) = 0;

  // What health v1 says of readiness: the overall service "" and every
  // service of the Api. The name "liveness" is always SERVING.
  virtual void SetReady(bool ready) = 0;

  virtual int port() const = 0;

  // NOT_SERVING, then no new calls; those in flight finish, or are ended after `timeout`: both hear UNAVAILABLE, reason
  // SHUTTING_DOWN. Blocks, less than a second longer than `timeout`; call it once.
  virtual Drained Drain(std::chrono::milliseconds timeout) = 0;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_SERVER_H_
