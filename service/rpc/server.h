// The gRPC server: completion queues, Calls, the Executor, reflection and health. It answers the methods of the Api
// that is in force and knows nothing of SQL.
#ifndef PROTOGRES_SERVICE_RPC_SERVER_H_
#define PROTOGRES_SERVICE_RPC_SERVER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "api/api.h"
#include "auth/authenticator.h"
#include "db/pool.h"
#include "rpc/renewal.h"

namespace protogres::rpc {

// To whom reflection answers: to all, to calls with a token that is valid, or to none.
enum class Reflection { kOn, kAuthenticated, kOff };

struct ServerOptions {
  // host:port; with port 0 the system chooses a free port.
  std::string listen = "127.0.0.1:50051";
  // The number of completion queues, each with a thread. One is fastest on few cores.
  int completion_queues = 1;
  // The number of threads that run statements; 0: as many as the pool can have connections.
  int workers = 0;
  // Gets, and BatchGets, that wait at the same time for one Method form groups: one statement answers a group.
  bool coalesce = true;
  // Creates, Updates, Deletes and Undeletes that wait at the same time for one Method form groups: a group shares one
  // transaction.
  bool group_commit = false;
  // The most requests that may wait for a worker, of which those of one Method and Identity have three quarters at the
  // most: see FairQueue. Further ones get RESOURCE_EXHAUSTED.
  int queue_size = 2048;
  // The most sessions (protogres.v1.TransactionService/Session), and the most Streams and Imports, that may be open at
  // the same time. Each holds a connection; one connection of the pool is always left for unary calls. 0: none. -1:
  // half of the pool for sessions; a quarter of it for Streams and Imports, but at least one.
  int max_sessions = -1;
  int max_streams = -1;
  // How long a session, Stream or Import waits for its client to send or to read the next message.
  std::chrono::milliseconds session_idle_timeout{60 * 1000};
  // How long a session may be open, and how long a Stream or an Import may be open; 0 for the latter: without limit.
  std::chrono::milliseconds session_max_duration{10 * 60 * 1000};
  std::chrono::milliseconds stream_max_duration{60 * 60 * 1000};
  // How long a request may wait in the queue: --pool_timeout.
  std::chrono::milliseconds queue_timeout{30000};
  // The largest request, in bytes.
  int max_receive_message_bytes = 4 * 1024 * 1024;
  // The largest answer, in bytes; -1: no limit.
  int max_send_message_bytes = -1;
  // The most memory that all requests, results and answers may take at the same time, in bytes: db::Memory::OfProcess.
  std::int64_t max_memory = std::int64_t{1} << 30;
  // Compressed requests are accepted. Otherwise they are refused with UNIMPLEMENTED, because a compressed request is
  // inflated before its size is known.
  bool accept_compression = false;
  // The most client connections at the same time. Further ones are closed at once.
  int max_connections = 10'000;
  // The most calls at the same time on one client connection; 0: no limit.
  int max_concurrent_streams = 1000;
  // The time after which an idle client gets an HTTP/2 ping, and the time that it has for the answer. A client that has
  // vanished without closing its connection keeps its session until both have passed. 0: gRPC's defaults, which are two
  // hours and 20 s.
  std::chrono::milliseconds keepalive_time{60 * 1000};
  std::chrono::milliseconds keepalive_timeout{20 * 1000};
  // The shortest time that a client may leave between two of its pings.
  std::chrono::milliseconds keepalive_min_client_interval{10000};
  // A line for each call on standard output: see AccessLog.
  bool access_log = false;
  // Unary calls that take at least this long are logged with their statements. 0: none.
  std::chrono::milliseconds slow_call{0};
  // The age at which a client connection is told to end, give or take a tenth, so that its client connects anew and
  // may reach another server. Its calls in flight have `max_connection_age_grace` to finish. 0: never; for the grace:
  // without limit.
  std::chrono::milliseconds max_connection_age{0};
  std::chrono::milliseconds max_connection_age_grace{0};
  // PEM files; empty: plaintext. With a client CA, clients must show a certificate that it has signed. The files are
  // read again when they change.
  std::string tls_cert, tls_key, tls_client_ca;
  // Allows plaintext where other machines can connect.
  bool insecure = false;
  // By which calls have an Identity.
  auth::AuthOptions auth;
  // With kAuthenticated, reflection shows what the role of the call may use.
  Reflection reflection = Reflection::kOn;
  // A function that each transaction of a call begins with, as SQL; see db::Opening. Empty: none.
  std::string pre_request;
  // The most calls in flight, and of each Identity. Further ones get RESOURCE_EXHAUSTED. 0: no limit.
  int max_in_flight = 0;
  int max_in_flight_per_identity = 0;
  // The application_name of a call's transactions says its method and its trace.
  bool trace_sql = false;
};

// How a drain ended.
enum class Drained {
  kFinished,  // all calls finished by themselves
  kEnded,     // some were ended after the timeout, and their clients told
  // Some calls cannot be ended, because a thread waits for a database that does not answer, or because a client does
  // not read its answer. They end only when the process ends and closes their connections. Their clients see
  // UNAVAILABLE.
  kStuck,
};

class Server {
 public:
  // Listens and starts its threads. `pool` must outlive the Server.
  // INVALID_ARGUMENT: the address cannot be parsed, a file of ServerOptions cannot be read, or other machines could
  // connect without TLS although ServerOptions::insecure is false. UNAVAILABLE: the address is in use.
  // `request_reload` is called when the error of a statement says that the catalog has moved. It returns the number of
  // the reload, and Reloaded must be called when that reload is over; 0: there will be no reload.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, db::Pool& pool,
                                                       RequestReload request_reload);
  // Ends all calls at once if Drain was not called before.
  virtual ~Server() = default;

  // Sets the Api for new calls; calls in flight keep theirs. Null, as at the start: the catalog could not be read yet,
  // and calls get UNAVAILABLE with `why`.
  virtual void SetApi(std::shared_ptr<const api::Api> api, const std::string& why = "") = 0;

  // Says that the reload with this number is over, and that its Api, if it brought one, is set. Calls that waited for
  // the reload go on.
  virtual void Reloaded(std::uint64_t reload) = 0;

  // Sets what health v1 says about the overall service "" and about every service of the Api. The service "liveness" is
  // always SERVING.
  virtual void SetReady(bool ready) = 0;

  // What health v1 says of the overall service "": there is an Api, and SetReady(true) was called, and no drain has
  // begun.
  virtual bool ready() const = 0;

  struct Stats {
    int connections = 0;  // of clients
    int waiting = 0;      // requests in the queue
    int sessions = 0;     // open, and how many may be
    int max_sessions = 0;
    int streams = 0;  // Streams and Imports
    int max_streams = 0;
    int tables = 0;  // of the Api in force
    std::uint64_t dropped_access_lines = 0;
    // Calls that were refused because of their token or certificate, by each reason for which they can be.
    std::vector<std::pair<const char*, std::uint64_t>> auth_failures = {};
  };
  virtual Stats stats() const = 0;

  // The port on which the server listens.
  virtual int port() const = 0;

  // Sets health to NOT_SERVING and accepts no more calls. Calls in flight may finish until `timeout` has passed; the
  // rest are ended. Calls that are refused or ended get UNAVAILABLE, reason SHUTTING_DOWN. Blocks for less than a
  // second more than `timeout`. Must be called only once.
  virtual Drained Drain(std::chrono::milliseconds timeout) = 0;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_SERVER_H_
