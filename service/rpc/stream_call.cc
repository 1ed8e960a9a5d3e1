#include "rpc/stream_call.h"

#include <fmt/format.h>

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "db/session.h"
#include "rpc/unknown_method.h"
#include "status/macros.h"
#include "status/sqlstate.h"
#include "status/status.h"

namespace protogres::rpc {
namespace {

using std::chrono::milliseconds;

// How many times a call begins again because the catalog has moved before its first response.
constexpr int kMostRenewals = 2;

// What the calls of both kinds have in common: a worker does the work, and the completion-queue thread tells it what
// the client does.
class StreamingHandler : public Handler, private Task {
 public:
  StreamingHandler(LongCalls& long_calls, std::shared_ptr<const Snapshot> snapshot, Call& call,
                   std::shared_ptr<const db::Caller> caller)
      : long_calls_(long_calls),
        snapshot_(std::move(snapshot)),
        call_(call),
        cancellation_(call.deadline()),
        access_{long_calls.pool(), cancellation_, std::move(caller)} {}

  void OnRefused(const absl::Status& status) override { call_.Finish(status); }

  void OnCancelled() override {
    if (!begun_) return call_.Finish(Cancelled());
    Tell([this] { cancellation_.Cancel(); });
  }

  void OnShutdown() override {
    if (!begun_) return call_.Finish(status::ShuttingDown());
    End(status::ShuttingDown());
  }

  void OnGiveUp() override { cancellation_.GiveUp(); }

  void OnTimer() override {
    End(Expired(fmt::format("the call was open for {} ms (--stream_max_duration): {}",
                            long_calls_.limits().max_duration.count(), Consequence()),
                status::kStreamMaxDuration));
  }

 protected:
  // Does the whole work of the call, and returns the last message, if there is one, or an error. Runs once, on the
  // worker. It must have given its connection back when it returns.
  virtual absl::StatusOr<std::optional<std::string>> Work() = 0;
  // Two parts of error messages: what the client has failed to do while the worker waited, and what it means for the
  // client that the call ends before its last message.
  virtual std::string Idleness() const = 0;
  virtual std::string Consequence() const = 0;
  // The error of a call that the server ends.
  virtual absl::Status Expired(const std::string& what, const char* reason) const {
    return status::Error(absl::StatusCode::kAborted, what, reason);
  }

  // Gives the work to a worker, unless it has one. False: too many calls are open, and this one was finished.
  bool Begin() {
    if (begun_) return true;
    absl::Status entered = long_calls_.Enter();
    if (entered.ok()) {
      begun_ = true;
      if (const auto most = long_calls_.limits().max_duration; most.count() > 0) {
        call_.SetTimer(std::chrono::system_clock::now() + most);
      }
      entered = long_calls_.executor().Submit(*this);
      if (!entered.ok()) long_calls_.Leave();
    }
    if (!entered.ok()) call_.Finish(entered);
    return entered.ok();
  }
  bool begun() const { return begun_; }

  // Makes a change for which the worker may be waiting.
  template <typename Change>
  void Tell(const Change& change) {
    {
      std::lock_guard lock(mutex_);
      change();
    }
    told_.notify_one();
  }

  // The same on another thread, when the change may let the worker finish the call: the call may be gone as soon as the
  // lock is released.
  template <typename Change>
  void TellLast(const Change& change) {
    std::lock_guard lock(mutex_);
    change();
    told_.notify_one();
  }

  // Waits until `met`, which is called under the lock, is true. An error ends the call: it was cancelled, or the client
  // was idle for too long.
  template <typename Met>
  absl::Status Await(const Met& met) {
    const milliseconds limit = long_calls_.limits().idle_timeout;
    std::unique_lock lock(mutex_);
    if (told_.wait_for(lock, limit, [&] { return met() || cancellation_.cancelled(); })) return cancellation_.Check();
    return Expired(fmt::format("the client has {} for {} ms (--session_idle_timeout): {}", Idleness(), limit.count(),
                               Consequence()),
                   status::kSessionIdleTimeout);
  }

  // Waits until `met` is true, however long it takes. An error: the call was cancelled.
  template <typename Met>
  absl::Status AwaitLive(const Met& met) {
    std::unique_lock lock(mutex_);
    told_.wait(lock, [&] { return met() || cancellation_.cancelled(); });
    return cancellation_.Check();
  }
  // The same, but a cancel does not end the wait.
  template <typename Met>
  void AwaitAlways(const Met& met) {
    std::unique_lock lock(mutex_);
    told_.wait(lock, met);
  }

  absl::Status Cancelled() {
    cancellation_.Cancel();
    return cancellation_.Check();
  }

  LongCalls& long_calls_;
  std::shared_ptr<const Snapshot> snapshot_;
  Call& call_;
  db::Cancellation cancellation_;
  const db::Access access_;

 private:
  void Run() override {
    auto last = Guarded();
    if (absl::IsCancelled(last.status())) last = Cause(last.status());
    long_calls_.Ended(last.status());
    long_calls_.Leave();
    if (!last.ok()) return call_.Finish(last.status());
    if (!last->has_value()) return call_.Finish(absl::OkStatus());
    call_.Answer(**std::move(last));
  }

  // The exceptions of the database are caught in db. Another one may still come when memory runs out; it ends only this
  // call.
  absl::StatusOr<std::optional<std::string>> Guarded() try { return Work(); } catch (const std::exception& e) {
    return status::Thrown(e);
  }

  // Lets the worker finish the call with `cause`. Of several calls of End the first one counts.
  void End(const absl::Status& cause) {
    Tell([&] {
      if (!cause_) cause_ = cause;
      cancellation_.Cancel();
    });
  }

  absl::Status Cause(const absl::Status& cancelled) {
    std::lock_guard lock(mutex_);
    return cause_.value_or(cancelled);
  }

  void Refuse(const absl::Status& status) override {
    long_calls_.Leave();
    call_.Finish(status);
  }

  bool begun_ = false;  // the call has a worker; used only by the completion-queue thread
  std::mutex mutex_;
  std::condition_variable told_;
  std::optional<absl::Status> cause_;  // the reason why the server has cancelled the call
};

// The worker prepares one response while the response before it is sent, and never more than one.
class ServerStreamHandler final : public StreamingHandler, private Renewal::Waiter {
 public:
  ServerStreamHandler(LongCalls& long_calls, Renewal& renewal, const Current& current,
                      std::shared_ptr<const Snapshot> snapshot, const crud::ServerStreamMethod& method, Call& call,
                      std::shared_ptr<const db::Caller> caller)
      : StreamingHandler(long_calls, std::move(snapshot), call, std::move(caller)),
        method_(&method),
        renewal_(renewal),
        current_(current) {}

  void OnRequest(std::string_view message) override {
    request_ = message;
    Begin();
  }

  void OnWritten() override {
    Tell([this] { writing_ = false; });
  }

  void OnEnd() override {
    // If there is a worker, a response could not be sent: the client has gone, and OnCancelled follows.
    if (begun()) return;
    if (auto live = cancellation_.Check(); !live.ok()) return call_.Finish(live);
    call_.Finish(status::BadRequest("", "the call needs a request message, and none came", status::kNoRequest));
  }

 private:
  absl::StatusOr<std::optional<std::string>> Work() override {
    for (int renewals = 0;; ++renewals) {
      auto last = Send();
      if (begun_to_send_ || renewals == kMostRenewals || !status::CatalogMoved(last.status())) return last;
      RETURN_IF_ERROR(Renew(last.status()));
    }
  }

  // Waits for a reload and takes the method from the Api that it brings. This blocks the worker, but no other call
  // needs this worker.
  absl::Status Renew(const absl::Status& moved) {
    renewed_ = false;
    renewal_.Wait(*this);
    absl::Status live = AwaitLive([this] { return renewed_; });
    if (!live.ok()) {
      // Either OnRenewal is being called at this moment, or it will not be called.
      if (!renewal_.Leave(*this)) AwaitAlways([this] { return renewed_; });
      return live;
    }
    if (closed_) return status::ShuttingDown();
    auto snapshot = current_.Get();
    if (!snapshot->api || snapshot == snapshot_) return moved;
    const crud::Method* const method = snapshot->api->Find(call_.method());
    method_ = method != nullptr ? method->As<crud::ServerStreamMethod>() : nullptr;
    if (method_ == nullptr) return GoneMethod(call_.method(), *snapshot);
    snapshot_ = std::move(snapshot);
    return absl::OkStatus();
  }

  void OnRenewal(bool closed) override {
    TellLast([this, closed] {
      renewed_ = true;
      closed_ = closed;
    });
  }

  absl::StatusOr<std::optional<std::string>> Send() {
    ASSIGN_OR_RETURN(const auto stream, method_->Plan(request_, access_));
    while (true) {
      ASSIGN_OR_RETURN(auto response, stream->Next());
      RETURN_IF_ERROR(Await([this] { return !writing_; }));
      if (!response) return std::nullopt;
      begun_to_send_ = true;
      Tell([this] { writing_ = true; });
      RETURN_IF_ERROR(call_.Write(*std::move(response)));
    }
  }

  std::string Idleness() const override { return "read nothing"; }
  std::string Consequence() const override { return when_cut_; }
  absl::Status Expired(const std::string& what, const char* reason) const override {
    return writes_ ? status::CommitInDoubt(what) : StreamingHandler::Expired(what, reason);
  }

  const crud::ServerStreamMethod* method_;  // belongs to the Api of `snapshot_`
  const char* const when_cut_ = method_->when_cut();
  const bool writes_ = method_->writes();
  Renewal& renewal_;
  const Current& current_;
  std::string_view request_;
  bool writing_ = false;
  bool begun_to_send_ = false;  // used only by the worker
  bool renewed_ = false;
  bool closed_ = false;  // there will be no more reloads
};

// One message is read while the message before it is stored, and never more than one.
class ClientStreamHandler final : public StreamingHandler {
 public:
  ClientStreamHandler(LongCalls& long_calls, std::shared_ptr<const Snapshot> snapshot,
                      const crud::ClientStreamMethod& method, Call& call, std::shared_ptr<const db::Caller> caller)
      : StreamingHandler(long_calls, std::move(snapshot), call, std::move(caller)), method_(method) {}

  void OnRequest(std::string_view message) override {
    Tell([&] { ahead_.emplace(message); });
    Begin();
  }

  // The messages of a client that died must never be taken for all its messages. But gRPC (1.51) does not tell a stream
  // that a client has closed within a message from one that it has closed after a message: what has come of the last
  // message is dropped. Only the client can see that, by `affected`.
  void OnEnd() override { call_.AskHowItEnded(); }

  void OnHalfClosed() override {
    if (!begun()) return call_.Answer("");
    Tell([this] { complete_ = true; });
  }

 private:
  absl::StatusOr<std::optional<std::string>> Work() override {
    const auto stream = method_.Open(access_);
    while (true) {
      RETURN_IF_ERROR(Await([this] { return ahead_ || complete_; }));
      std::optional<std::string> message;
      Tell([&] { ahead_.swap(message); });
      if (!message) return stream->Finish();
      call_.Read();
      RETURN_IF_ERROR(stream->Add(*message));
    }
  }

  std::string Idleness() const override { return "sent nothing"; }
  std::string Consequence() const override { return "nothing was imported"; }

  const crud::ClientStreamMethod& method_;  // belongs to the Api of `snapshot_`
  std::optional<std::string> ahead_;
  bool complete_ = false;
};

}  // namespace

std::unique_ptr<Handler> MakeServerStream(LongCalls& long_calls, Renewal& renewal, const Current& current,
                                          std::shared_ptr<const Snapshot> snapshot,
                                          const crud::ServerStreamMethod& method, Call& call,
                                          std::shared_ptr<const db::Caller> caller) {
  return std::make_unique<ServerStreamHandler>(long_calls, renewal, current, std::move(snapshot), method, call,
                                               std::move(caller));
}

std::unique_ptr<Handler> MakeClientStream(LongCalls& long_calls, std::shared_ptr<const Snapshot> snapshot,
                                          const crud::ClientStreamMethod& method, Call& call,
                                          std::shared_ptr<const db::Caller> caller) {
  return std::make_unique<ClientStreamHandler>(long_calls, std::move(snapshot), method, call, std::move(caller));
}

}  // namespace protogres::rpc
