// A Call is one RPC in flight, from its first completion-queue tag to its last;
// a Handler is what answers it. Unary calls and streams share both. Knows
// neither grpcpp (see generic_call.h) nor what the calls are about.
#ifndef PROTOGRES_SERVICE_RPC_CALL_H_
#define PROTOGRES_SERVICE_RPC_CALL_H_

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace protogres::rpc {

// None of these blocks. At most one Read and one Write are in flight. A Call
// must be finished exactly once, and lives until then at the least: the thread
// that finishes it must not touch it, or its Handler, afterwards.
class Call {
 public:
  // The path: /shop.v1.CustomerService/GetCustomer.
  virtual const std::string& method() const = 0;
  // time_point::max(): there is none.
  virtual std::chrono::system_clock::time_point deadline() const = 0;

  // Handler::OnRequest or OnEnd follows.
  virtual void Read() = 0;
  // Handler::OnWritten or OnEnd follows. RESOURCE_EXHAUSTED, and nothing is sent: the message is too large.
  virtual absl::Status Write(std::string message) = 0;
  // After Handler::OnEnd of a Read. Handler::OnHalfClosed follows if the client has said that it has sent all; else its
  // connection or its call has ended, and OnCancelled follows.
  virtual void AskHowItEnded() = 0;
  // The last message, and OK. A message that is too large becomes RESOURCE_EXHAUSTED.
  virtual void Answer(std::string message) = 0;
  virtual void Finish(const absl::Status& status) = 0;

  // Handler::OnWake follows, once for all wakes until then. From any thread, one at a time (see Streams).
  virtual void Wake() = 0;
  // Handler::OnTimer follows at `time`, unless the Call is over before. From its completion-queue thread, one at a
  // time.
  virtual void SetTimer(std::chrono::system_clock::time_point time) = 0;

 protected:
  ~Call() = default;
};

// Its functions are called on the Call's completion-queue thread, one at a time, and must
// not block. None is called once the Call is finished, nor before the constructor has
// returned; the first message is asked for already. Destroyed with the Call.
class Handler {
 public:
  virtual ~Handler() = default;

  // `message` lives until the next Read or the end of the Call.
  virtual void OnRequest(std::string_view message) = 0;
  // No more messages will come, or a message could not be written. Finish is due.
  virtual void OnEnd() = 0;
  // Instead of the first OnRequest: there is no memory for its message. Finish is due, with this. Never called for
  // health and reflection.
  virtual void OnRefused(const absl::Status&) {}
  virtual void OnWritten() {}
  // The client has gone or its deadline has passed. A Call may be finished by another thread meanwhile.
  virtual void OnCancelled() {}
  virtual void OnHalfClosed() {}
  virtual void OnWake() {}
  virtual void OnTimer() {}
  // The server ends and waits no longer. Finish is due at once, with ShuttingDown unless the work is done.
  virtual void OnShutdown() {}
  // A while later: what runs for it in the database is to be given up.
  virtual void OnGiveUp() {}
};

// Finds who answers a Call. Called on completion-queue threads.
class Router {
 public:
  // Null: it has finished the Call itself.
  virtual std::unique_ptr<Handler> Route(Call& call) = 0;
  // All that has come is handled, and the thread is about to wait for more.
  virtual void OnIdle() {}
  // Something was handled, and there is more already.
  virtual void OnBusy() {}

 protected:
  ~Router() = default;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_CALL_H_
