// A streaming call in which one thing is done at a time, on gRPC's reactors.
#ifndef PROTOGRES_INTERNAL_HELD_CALL_H_
#define PROTOGRES_INTERNAL_HELD_CALL_H_

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "grpcpp/client_context.h"
#include "grpcpp/support/client_callback.h"
#include "protogres/internal/connection.h"

namespace protogres::internal {

// It lives for as long as somebody holds it or gRPC works for it. Between two steps nothing is in flight; a hold keeps
// gRPC from ending the call under the next one. Thread-safe, but for one step at a time.
template <class Reactor>
class HeldCall : protected Reactor {
 public:
  // True: the step is done. False: the call has ended, and status() says why.
  using Done = std::function<void(bool)>;

  grpc::ClientContext* context() { return &context_; }
  // After a step that gave false.
  const grpc::Status& status() const { return status_; }

  // Ends the call, if it has not ended. Does not block.
  void Close() {
    {
      std::lock_guard lock(mutex_);
      if (ended_) return;
    }
    context_.TryCancel();
    Release();
  }

 protected:
  explicit HeldCall(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
  ~HeldCall() override = default;

  // After the stub was given this reactor.
  void Begin(std::shared_ptr<HeldCall> self, const std::stop_token& stop) {
    self_ = std::move(self);
    this->AddHold();
    this->StartCall();
    stop_.emplace(stop, &context_);
  }

  template <class Operation>
  void Step(Done done, Operation operation) {
    bool ended = false;
    {
      std::lock_guard lock(mutex_);
      ended = ended_;
      if (!ended) waiting_ = std::move(done);
      if (!ended && released_) return;  // OnDone ends the step
      if (!ended) this->AddHold();
    }
    if (ended) return done(false);
    operation();
    this->RemoveHold();
  }

  void StepDone(bool ok) {
    if (!ok) return Release();
    Done done;
    {
      std::lock_guard lock(mutex_);
      done = std::exchange(waiting_, nullptr);
    }
    if (done) done(true);
  }

  void Release() {
    {
      std::lock_guard lock(mutex_);
      if (std::exchange(released_, true)) return;
    }
    this->RemoveHold();
  }

  void OnDone(const grpc::Status& status) override {
    Done done;
    std::shared_ptr<HeldCall> last;
    {
      std::lock_guard lock(mutex_);
      status_ = status;
      ended_ = true;
      done = std::exchange(waiting_, nullptr);
      last = std::move(self_);
    }
    if (done) done(false);
  }

 private:
  const std::shared_ptr<Connection> connection_;
  grpc::ClientContext context_;
  std::optional<StopCall> stop_;
  grpc::Status status_;
  std::mutex mutex_;
  std::shared_ptr<HeldCall> self_;  // until OnDone
  Done waiting_;
  bool released_ = false;
  bool ended_ = false;
};

// A Stream: a step is a chunk.
template <class Method, class Request, class Response>
class ReadCall : public HeldCall<grpc::ClientReadReactor<Response>> {
 public:
  ReadCall(std::shared_ptr<Connection> connection, Request request)
      : HeldCall<grpc::ClientReadReactor<Response>>(connection), request_(std::move(request)) {}

  // After Prepare of its context.
  static void Start(const std::shared_ptr<ReadCall>& call, Connection& connection, const std::stop_token& stop) {
    Method::Start(connection.template async_stub<typename Method::Service>(), call->context(), &call->request_,
                  static_cast<grpc::ClientReadReactor<Response>*>(call.get()));
    call->Begin(call, stop);
  }
  void Read(std::function<void(bool)> done) {
    this->Step(std::move(done), [this] { this->StartRead(&response_); });
  }
  Response* response() { return &response_; }

 private:
  void OnReadDone(bool ok) override { this->StepDone(ok); }

  const Request request_;
  Response response_;
};

// An Import: a step is a message, the last one the end.
template <class Method, class Request, class Response>
class WriteCall : public HeldCall<grpc::ClientWriteReactor<Request>> {
 public:
  explicit WriteCall(std::shared_ptr<Connection> connection)
      : HeldCall<grpc::ClientWriteReactor<Request>>(connection) {}

  static void Start(const std::shared_ptr<WriteCall>& call, Connection& connection, const std::stop_token& stop) {
    Method::Start(connection.template async_stub<typename Method::Service>(), call->context(), &call->response_,
                  static_cast<grpc::ClientWriteReactor<Request>*>(call.get()));
    call->Begin(call, stop);
  }
  void Write(Request request, std::function<void(bool)> done) {
    request_ = std::move(request);
    this->Step(std::move(done), [this] { this->StartWrite(&request_); });
  }
  // Gives false when the call has ended.
  void End(std::function<void(bool)> done) {
    this->Step(std::move(done), [this] { this->StartWritesDone(); });
  }
  Response* response() { return &response_; }

 private:
  void OnWriteDone(bool ok) override { this->StepDone(ok); }
  void OnWritesDoneDone(bool) override { this->Release(); }

  Request request_;
  Response response_;
};

}  // namespace protogres::internal

#endif  // PROTOGRES_INTERNAL_HELD_CALL_H_
