// Accepts the calls that gRPC brings: AsyncGenericService, through which every RPC of the server comes, and the
// completion queues whose events drive the Calls.
#ifndef PROTOGRES_SERVICE_RPC_ACCEPTOR_H_
#define PROTOGRES_SERVICE_RPC_ACCEPTOR_H_

#include <grpcpp/alarm.h>
#include <grpcpp/generic/async_generic_service.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "rpc/call.h"
#include "rpc/call_log.h"
#include "rpc/connections.h"
#include "rpc/outbox.h"

namespace protogres::rpc {

class GenericCall;

// A completion queue, and what its one thread has to send. Outlives the Calls on it.
struct Line {
  struct Event {
    GenericCall* call;  // null: the event belongs to the Line itself
    int kind;
  };
  enum Kind { kOutbox, kShutdown, kGiveUp };
  struct Reply {
    GenericCall* call;
    absl::Status status;
    std::optional<std::string> message;  // is sent before the status, which is OK then
  };

  explicit Line(std::unique_ptr<grpc::ServerCompletionQueue> completion_queue)
      : cq(std::move(completion_queue)), outbox(cq.get(), &outbox_event) {}

  const std::unique_ptr<grpc::ServerCompletionQueue> cq;
  Event outbox_event{nullptr, kOutbox};
  Event shutdown_event{nullptr, kShutdown};
  Event give_up_event{nullptr, kGiveUp};
  grpc::Alarm shutdown;
  grpc::Alarm give_up;
  Outbox<Reply> outbox;
  // These are used only by the completion-queue thread.
  GenericCall* first = nullptr;                     // the first of the Calls that have begun
  std::size_t small = 0;                            // the bytes of small messages that Connections was not told of yet
  std::chrono::steady_clock::time_point next_look;  // when the silent Calls may be looked for again
};

// Accepts the Calls of one server. Thread-safe. Outlives all its Calls.
class Acceptor {
 public:
  struct Limits {
    int max_send_bytes;  // the largest message; negative: no limit
    int max_in_flight;   // the most RPCs; see CheckInFlight
    // How long the first message of an RPC may take while other RPCs are refused.
    std::chrono::milliseconds first_message;
  };

  // `connections` is told of large messages, and `log` of calls that have ended.
  Acceptor(Router& router, Connections& connections, CallLog& log, const Limits& limits)
      : router_(router), connections_(connections), log_(log), limits_(limits) {}

  // The service that must be registered with the server before the server starts.
  grpc::AsyncGenericService& service() { return service_; }
  // Asks for the next RPC on `line`. The server must have started.
  void Accept(Line& line);
  // Handles the events of `line` until its queue is shut down and empty. Tells the Router when no event is left for
  // now.
  void Serve(Line& line);
  // Blocks until no RPC that has a Handler is in flight and no RPC has come for `quiet`, or until `deadline`. False:
  // some are in flight.
  bool AwaitQuiet(std::chrono::steady_clock::time_point deadline, std::chrono::milliseconds quiet);
  // Tell every Handler on `line` that the server ends, and that it gives up; the completion-queue thread does so. Each
  // may be called only once.
  static void Shutdown(Line& line);
  static void GiveUp(Line& line);
  // Blocks until every Call is gone. For this the server must be shut down, and the completion-queue threads must go
  // on.
  void AwaitNone();

 private:
  friend class GenericCall;

  // The Line whose events this thread handles.
  static constinit thread_local const Line* served_here_;

  // Waits for the next event. False: the queue is shut down and empty.
  bool Next(Line& line, void** tag, bool* ok);
  static void Tell(Line& line, void (Handler::*what)());
  // Ends the RPCs on `line` whose first message has not come for Limits::first_message. It is called when an RPC is
  // refused, as those may be what takes the memory. Looks at them once a second at the most.
  void EndSilent(Line& line, std::chrono::steady_clock::time_point now);

  Router& router_;
  Connections& connections_;
  CallLog& log_;
  const Limits limits_;
  grpc::AsyncGenericService service_;
  std::atomic<std::int64_t> calls_{0};   // the number of Calls, also of those that wait for an RPC
  std::atomic<std::int64_t> begun_{0};   // the number of RPCs that have come
  std::atomic<std::int64_t> active_{0};  // the number of RPCs in flight that have a Handler
  std::atomic<std::int64_t> own_{0};     // of these, those of health and reflection, which last for long
  std::mutex mutex_;
  std::condition_variable none_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_ACCEPTOR_H_
