// Calls as gRPC carries them: AsyncGenericService, through which every RPC of
// the server comes. The place where Call meets grpcpp.
#ifndef PROTOGRES_SERVICE_RPC_GENERIC_CALL_H_
#define PROTOGRES_SERVICE_RPC_GENERIC_CALL_H_

#include <grpcpp/alarm.h>
#include <grpcpp/generic/async_generic_service.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "db/memory.h"
#include "rpc/call.h"
#include "rpc/connections.h"
#include "rpc/outbox.h"

namespace protogres::rpc {

class GenericCall;

// A completion queue and what its one thread has to send. Outlives the Calls on it.
struct Line {
  struct Event {
    GenericCall* call;  // null: one of the Line's own
    int kind;
  };
  enum Kind { kOutbox, kShutdown, kGiveUp };
  struct Reply {
    GenericCall* call;
    absl::Status status;
    std::optional<std::string> message;  // to be sent before the status, which is OK then
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
  GenericCall* first = nullptr;  // of the Calls that have begun; for the completion-queue thread
  std::size_t small = 0;         // bytes of small messages that Connections was not told of yet; likewise
};

// Accepts the Calls of one server. Thread-safe; must outlive them all.
class Acceptor {
 public:
  // `max_send_bytes`: of a message; negative: no limit.
  // Large messages are told to `connections`.
  Acceptor(Router& router, Connections& connections, int max_send_bytes)
      : router_(router), connections_(connections), max_send_bytes_(max_send_bytes) {}

  // To be registered with the server before it starts.
  grpc::AsyncGenericService& service() { return service_; }
  // Asks for the next RPC on `line`, once the server has started.
  void Accept(Line& line);
  // Handles the events of `line` until its queue is shut down and drained. Tells the Router when none is left for now.
  void Serve(Line& line);
  // Blocks until no RPC that has a Handler is in flight and none has come for `quiet`, or until `deadline`: false, some
  // are there.
  bool AwaitQuiet(std::chrono::steady_clock::time_point deadline, std::chrono::milliseconds quiet);
  // Tells every Call on `line` that the server ends, and that it gives up, on its completion-queue thread. Each once.
  static void Shutdown(Line& line);
  static void GiveUp(Line& line);
  // Blocks until every Call is gone, which takes a server that is shut down and cq threads that go on.
  // False: some were there still at `deadline`.
  bool AwaitNone(std::chrono::steady_clock::time_point deadline);
  void AwaitNone();

 private:
  friend class GenericCall;

  bool Next(Line& line, void** tag, bool* ok);
  static void Tell(Line& line, void (Handler::*what)());

  Router& router_;
  Connections& connections_;
  const int max_send_bytes_;
  grpc::AsyncGenericService service_;
  std::atomic<std::int64_t> calls_{0};   // those that wait for an RPC among them
  std::atomic<std::int64_t> begun_{0};   // RPCs so far
  std::atomic<std::int64_t> active_{0};  // of them, those in flight that have a Handler
  std::mutex mutex_;
  std::condition_variable none_;
};

// Deletes itself. Each operation that is in flight holds a reference, as do
// the done-tag and the Finish that is to come: so the storage stays until the last tag, and
// a worker may use the Call until it finishes it.
class GenericCall final : public Call {
 public:
  GenericCall(Acceptor& acceptor, Line& line);

  const std::string& method() const override { return context_.method(); }
  std::chrono::system_clock::time_point deadline() const override { return context_.deadline(); }
  void Read() override;
  absl::Status Write(std::string message) override;
  void AskHowItEnded() override;
  void Answer(std::string message) override;
  void Finish(const absl::Status& status) override;
  void Wake() override;
  void SetTimer(std::chrono::system_clock::time_point time) override;

 private:
  friend class Acceptor;
  enum Event { kBegin, kRead, kWritten, kAsked, kFinished, kDone, kWake, kTimer, kEvents };
  ~GenericCall();
  void Arm();
  void On(Event event, bool ok);
  void Begin();
  absl::Status Admit();
  void Dispatch(Event event, bool ok);
  void OnMessage();
  absl::Status Hold(bool may_refuse);
  bool Open() const { return !finishing_.load(std::memory_order_acquire); }
  // False, and to be left alone: the Call is finished already, which is a fault of its Handler.
  bool StartFinish(const absl::Status& status);
  // Sends it, here or by the completion-queue thread.
  void Reply(absl::Status status, std::optional<std::string> message);
  void Send(Line::Reply& reply);
  void Unref();
  absl::Status CheckSize(const std::string& message) const;
  void HoldAnswer(std::size_t bytes);
  void DropAnswer();
  void Log(const absl::Status& status) const;

  Acceptor& acceptor_;
  Line& line_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_{&context_};
  Line::Event tags_[kEvents];
  grpc::ByteBuffer received_;
  grpc::Slice message_;  // what the Handler's view looks into
  std::unique_ptr<Handler> handler_;
  std::unique_ptr<grpc::Alarm> alarm_;
  std::unique_ptr<grpc::Alarm> timer_;  // for the completion-queue thread
  bool begun_ = false;
  bool message_came_ = false;        // for the completion-queue thread
  GenericCall* previous_ = nullptr;  // on the Line, once it has begun
  GenericCall* next_ = nullptr;
  std::atomic<int> refs_{0};
  std::atomic<bool> finishing_{false};
  std::atomic<bool> waking_{false};
  std::atomic<int> reads_{0};
  db::Memory::Hold received_hold_;  // for the completion-queue thread
  db::Memory::Hold sent_hold_;      // until the answer, or the message, is written
  // For the log, which a worker may write while a message comes.
  std::chrono::steady_clock::time_point begin_;
  std::atomic<std::size_t> bytes_in_{0};
  std::atomic<std::size_t> bytes_out_{0};
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_GENERIC_CALL_H_
