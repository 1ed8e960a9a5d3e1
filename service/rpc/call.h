// A Call is one RPC in flight, from its first completion-queue tag to its last. A Handler answers it. Both are the same
// for unary calls and for streams. This file knows neither grpcpp (see generic_call.h) nor what the calls are about.
#ifndef PROTOGRES_SERVICE_RPC_CALL_H_
#define PROTOGRES_SERVICE_RPC_CALL_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace protogres::rpc {

// None of these functions blocks. At most one Read and one Write are in flight. A Call must be finished exactly once,
// by Answer or Finish, and lives at least until then. The thread that finishes a Call must not touch the Call or its
// Handler afterwards.
class Call {
 public:
  // The path of the method: /shop.v1.CustomerService/GetCustomer.
  virtual const std::string& method() const = 0;
  // The value of a header that the client has sent, by its name in lower case; several are joined by commas. Nothing:
  // there is none. Only the completion-queue thread of the Call may ask, before the Call is finished.
  virtual std::optional<std::string> header(std::string_view name) const = 0;
  // Names in the certificate that the client has shown and that the server has verified: its DNS names and then its
  // URIs (of its alternative names), or its common name. Empty: it has none, or the client has shown none. To be called
  // as header().
  enum class CertificateNames { kSan, kCn };
  virtual std::vector<std::string> certificate_names(CertificateNames /*which*/) const { return {}; }
  // The time until which the client waits; time_point::max(): the client has set no deadline.
  virtual std::chrono::system_clock::time_point deadline() const = 0;

  // The connection of the call, as gRPC names it: "ipv4:127.0.0.1:40404". "unknown": the call was cancelled as soon as
  // it had come.
  virtual const std::string& peer() const = 0;

  // Says that the method exists, that the client may call methods, and of which type the method is, in grpc-prometheus'
  // words. A call of which this is not said is not counted by its method, as nobody shall make counters by calling
  // names. For the Router, before it finishes the Call.
  virtual void Count(std::string_view type) = 0;

  // Asks for the next message. Handler::OnRequest or OnEnd follows.
  virtual void Read() = 0;
  // Sends a message. Handler::OnWritten or OnEnd follows. RESOURCE_EXHAUSTED: the message is too large and is not sent.
  virtual absl::Status Write(std::string message) = 0;
  // Asks why a Read has ended in Handler::OnEnd. Handler::OnHalfClosed follows if the client has said that it has sent
  // all its messages. Otherwise the connection or the call has ended, and OnCancelled follows.
  virtual void AskHowItEnded() = 0;
  // Sends the last message and finishes the Call with OK, or with RESOURCE_EXHAUSTED if the message is too large.
  virtual void Answer(std::string message) = 0;
  // Finishes the Call without a message.
  virtual void Finish(const absl::Status& status) = 0;

  // Says which statements ran for the Call, for the log. For the thread that then finishes the Call.
  virtual void Ran(std::string /*statements*/) {}

  // Handler::OnWake follows, once for all calls of Wake until then. Any thread may call this, but only one at a time
  // (see ServiceCalls).
  virtual void Wake() = 0;
  // Handler::OnTimer follows at `time`, unless the Call is finished before. Only the completion-queue thread of the
  // Call may call this, and only if no other timer is set.
  virtual void SetTimer(std::chrono::system_clock::time_point time) = 0;

 protected:
  ~Call() = default;
};

// The functions of a Handler are called on the completion-queue thread of the Call, one at a time, and must not block.
// None is called before the constructor has returned or after the Call was finished. The first message is asked for
// without a Read of the Handler. The Handler is destroyed with the Call.
class Handler {
 public:
  virtual ~Handler() = default;

  // A message has come. `message` lives until the next Read or until the Call is finished.
  virtual void OnRequest(std::string_view message) = 0;
  // No more messages will come, or a message could not be written. The Handler must finish the Call.
  virtual void OnEnd() = 0;
  // Is called instead of the first OnRequest if there is no memory for the message, or if the message does not come.
  // The Handler must finish the Call with this status.
  virtual void OnRefused(const absl::Status& status) = 0;
  // The message of the last Write is sent.
  virtual void OnWritten() {}
  // The client has gone or the deadline has passed. Another thread may be finishing the Call at this moment.
  virtual void OnCancelled() {}
  // See Call::AskHowItEnded, Call::Wake and Call::SetTimer.
  virtual void OnHalfClosed() {}
  virtual void OnWake() {}
  virtual void OnTimer() {}
  // The server ends and waits no longer. The Handler must finish the Call at once: with status::ShuttingDown, unless
  // the work is done.
  virtual void OnShutdown() {}
  // Is called some time after OnShutdown. The Handler must give up the statement that runs for it in the database.
  virtual void OnGiveUp() {}
};

// Finds the Handler of a Call. Its functions are called on completion-queue threads.
class Router {
 public:
  // Null: the Router has finished the Call itself.
  virtual std::unique_ptr<Handler> Route(Call& call) = 0;
  // All events that have come are handled, and the thread is about to wait for more.
  virtual void OnIdle() {}
  // An event was handled, and the next one has come already.
  virtual void OnBusy() {}

 protected:
  ~Router() = default;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_CALL_H_
