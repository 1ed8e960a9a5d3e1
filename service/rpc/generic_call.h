// A Call as gRPC carries it: the place where Call meets grpcpp.
#ifndef PROTOGRES_SERVICE_RPC_GENERIC_CALL_H_
#define PROTOGRES_SERVICE_RPC_GENERIC_CALL_H_

#include <grpcpp/alarm.h>
#include <grpcpp/generic/async_generic_service.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "db/memory.h"
#include "metrics/calls.h"
#include "rpc/acceptor.h"
#include "rpc/call.h"

namespace protogres::rpc {

// A Call that is counted by references and deletes itself. Each operation in flight holds a reference; the done-tag and
// the Finish that is to come hold one each. So the Call exists until its last tag has come, and a worker may use it
// until the worker finishes it.
class GenericCall final : public Call {
 public:
  GenericCall(Acceptor& acceptor, Line& line);

  const std::string& method() const override { return context_.method(); }
  std::optional<std::string> header(std::string_view name) const override;
  std::vector<std::string> certificate_names(CertificateNames which) const override;
  std::chrono::system_clock::time_point deadline() const override;
  const std::string& peer() const override { return peer_; }
  void Count(std::string_view type) override;
  void Read() override;
  absl::Status Write(std::string message) override;
  void AskHowItEnded() override;
  void Answer(std::string message) override;
  void Finish(const absl::Status& status) override;
  void Ran(std::string statements) override { statements_ = std::move(statements); }
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
  // The Call has a Handler from now on (1), or no longer (-1).
  void CountActive(int difference);
  // The Call is counted from now on.
  void CountBy(metrics::MethodCalls& counts) {
    counts_ = &counts;
    counts_->started.Add();
  }
  void Dispatch(Event event, bool ok);
  void OnMessage();
  absl::Status Hold(bool may_refuse);
  bool Open() const { return !finishing_.load(std::memory_order_acquire); }
  // False: the Call is finished already, which is a fault of its Handler, and the caller must do nothing.
  bool StartFinish(const absl::Status& status);
  // Sends the reply on this thread, or lets the completion-queue thread send it.
  void Reply(absl::Status status, std::optional<std::string> message);
  void Send(Line::Reply& reply);
  void Unref();
  absl::Status CheckSize(const std::string& message) const;
  void CountAnswer(std::size_t bytes);
  void HoldAnswer(std::size_t bytes);
  void DropAnswer();
  void Log(const absl::Status& status, std::chrono::nanoseconds took) const;

  Acceptor& acceptor_;
  Line& line_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_{&context_};
  Line::Event tags_[kEvents];
  grpc::ByteBuffer received_;
  grpc::Slice message_;  // holds the bytes of the message that the Handler sees
  std::unique_ptr<Handler> handler_;
  metrics::MethodCalls* counts_ = nullptr;  // is set when the Call begins, or when it is counted
  std::string peer_;                        // what follows is set when the Call begins
  int connection_ = 0;                      // its Connections::KeyOf
  bool is_health_ = false;                  // its method is one of health
  bool is_own_ = false;                     // or of reflection
  std::unique_ptr<grpc::Alarm> alarm_;
  std::unique_ptr<grpc::Alarm> timer_;  // used only by the completion-queue thread
  bool begun_ = false;
  bool message_came_ = false;        // used only by the completion-queue thread
  GenericCall* previous_ = nullptr;  // the neighbours in the list of the Line, once the Call has begun
  GenericCall* next_ = nullptr;
  std::atomic<int> refs_{0};
  std::atomic<bool> finishing_{false};
  std::atomic<bool> waking_{false};
  std::atomic<int> reads_{0};
  db::Memory::Hold received_hold_;  // used only by the completion-queue thread
  db::Memory::Hold sent_hold_;      // lasts until the answer, or the message, is written
  // These are for the log. A worker may write the log while a message comes.
  std::chrono::steady_clock::time_point begin_;
  std::atomic<std::size_t> bytes_in_{0};
  std::atomic<std::size_t> bytes_out_{0};
  std::string statements_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_GENERIC_CALL_H_
