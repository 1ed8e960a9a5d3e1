// How to connect, and how calls behave. Plain values with a documented default each, also where it is empty, so that
// compilers do not miss the fields that a designated initializer leaves out.
#ifndef PROTOGRES_OPTIONS_H_
#define PROTOGRES_OPTIONS_H_

#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace protogres {

// Where the token of a call comes from: the JWT itself, without "Bearer".
struct NoToken {};
struct TokenText {
  std::string text = {};
};
// A file that holds the token and white space around it. It is looked at before each attempt of a call, and read again
// when it has changed, as where another program renews it.
struct TokenFile {
  std::string path = {};
};
// Called before each attempt of a call, on the thread that makes the attempt, and from several at once. An error is the
// call's result.
using TokenCallback = std::function<absl::StatusOr<std::string>()>;
using Token = std::variant<NoToken, TokenText, TokenFile, TokenCallback>;

struct Tls {
  // PEM files, read by Connect. Empty: the system's authorities; no certificate of one's own.
  std::string authorities_file = {};
  std::string certificate_file = {};
  std::string key_file = {};
  // The name that the server's certificate must have, where it is not that of the address.
  std::string server_name = {};
};

// Which failed calls are sent again: reads, and writes that have a request_id, after UNAVAILABLE, and after
// RESOURCE_EXHAUSTED where the server says that another attempt makes sense (RetryInfo, or grpc-retry-pushback-ms). The
// wait is random between half and all of a backoff that doubles, and never less than the server asks for. A call whose
// wait would end after its deadline is not sent again: it ends at once, with the error that it has.
struct Retry {
  int max_attempts = 5;  // 1: no call is sent again
  absl::Duration initial_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(5);
};

// Runs the functions that it is given, each once, now or later, on any thread; never throws. What it runs is the code
// between two co_awaits.
using Executor = std::function<void(std::function<void()>)>;

struct Options {
  // As gRPC takes it: "host:port", "dns:///host:port", "ipv4:10.0.0.1:50051,10.0.0.2:50051", "unix:/path".
  std::string address = {};
  std::optional<Tls> tls = {};  // not set: plain text
  Token token = {};
  // A token in plain text can be read on its way. Without TLS one is refused, but for the addresses 127.0.0.1, [::1],
  // localhost and unix:, unless this is set.
  bool allow_token_without_tls = false;

  // The time for a call with all its attempts. Not for a Stream, an Import or a transaction.
  absl::Duration timeout = absl::Seconds(30);
  // The time for a transaction from Begin to the answer to Commit.
  absl::Duration transaction_timeout = absl::Seconds(60);
  Retry retry = {};

  // A ping after so long without any byte from the server, while there are calls, and how long its answer may take.
  // The server accepts pings down to its --keepalive_min_client_interval.
  absl::Duration keepalive_time = absl::Seconds(60);
  absl::Duration keepalive_timeout = absl::Seconds(10);

  // Calls go in turn to all servers of the address (gRPC's round_robin) that say they serve (gRPC's health checks).
  // Not set: all to the first that can be reached.
  bool balance = false;
  // A gRPC service config (JSON) in place of the one that `balance` makes. A retryPolicy in it comes beneath `retry`:
  // set retry.max_attempts to 1 with it.
  std::string service_config = {};
  // The largest answer. A server's own limit for the answers it makes is --max_send_message_bytes.
  int max_receive_message_bytes = 64 << 20;
};

// Of single calls: Client::With.
struct CallOptions {
  // Not set: that of Options. Negative or zero: the call fails at once. InfiniteDuration: none.
  std::optional<absl::Duration> timeout = {};
  // Stops the call, which then ends with CANCELLED.
  std::stop_token stop = {};
  // Gives a write that has no request_id a random one, so that it can be sent again: `protogres install` must have been
  // run on the database.
  bool make_request_id = false;
  // Waits for a server that can be reached, up to the deadline, in place of UNAVAILABLE at once.
  bool wait_for_ready = false;
  std::multimap<std::string, std::string> metadata = {};
};

}  // namespace protogres

#endif  // PROTOGRES_OPTIONS_H_
