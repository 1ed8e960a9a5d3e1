#include "rpc/session_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "db/session.h"
#include "status/sqlstate.h"
#include "status/status.h"

namespace protogres::rpc {
namespace {

using Clock = std::chrono::system_clock;
using std::chrono::milliseconds;

absl::Status NotCommitted() {
  return status::Error(absl::StatusCode::kAborted,
                       "the client closed the stream without a commit: the transaction was rolled back",
                       status::kNotCommitted);
}

absl::Status Expired(const char* what, milliseconds limit, const char* option, const char* reason) {
  return status::Error(
      absl::StatusCode::kAborted,
      fmt::format("the session was {} for {} ms (--{}): the transaction was rolled back", what, limit.count(), option),
      reason);
}

// The completion-queue thread reads the requests and decides when the session is over. A worker runs the requests and
// ends the session. The two threads take turns, except that a cancel and the timer may come at any time.
class SessionHandler final : public Handler, private Task {
 public:
  SessionHandler(LongCalls& long_calls, std::shared_ptr<const Snapshot> snapshot, const crud::SessionMethod& method,
                 Call& call, std::shared_ptr<const db::Caller> caller)
      : long_calls_(long_calls),
        snapshot_(std::move(snapshot)),
        call_(call),
        cancellation_(call.deadline()),
        access_{long_calls.pool(), cancellation_, std::move(caller)},
        stream_(method.Open(access_)),
        begun_(Clock::now()),
        quiet_since_(begun_) {
    ArmTimer();
  }

  ~SessionHandler() override { Release(); }

  void OnRequest(std::string_view message) override {
    if (!Move(State::kWaiting, State::kRunning)) return;
    request_ = message;
    Submit();
  }

  void OnRefused(const absl::Status& status) override { End(status); }

  void OnWritten() override {
    if (Move(State::kWriting, State::kWaiting)) call_.Read();
  }

  // The client has closed its side of the stream, or no message can be sent to it.
  void OnEnd() override {
    bool open = false;
    {
      std::lock_guard lock(mutex_);
      open = open_;
    }
    End(open ? NotCommitted() : absl::OkStatus());
  }

  void OnCancelled() override {
    cancellation_.Cancel();
    End(cancellation_.Check());
  }

  void OnShutdown() override {
    End(status::ShuttingDown());
    // This comes after End, so that the client hears this status and not the error of the cancelled statement.
    cancellation_.Cancel();
  }

  void OnGiveUp() override { cancellation_.GiveUp(); }

  void OnTimer() override {
    const LongCallLimits& options = long_calls_.limits();
    const auto now = Clock::now();
    if (now >= begun_ + options.max_duration) {
      End(Expired("open", options.max_duration, "session_max_duration", status::kSessionMaxDuration));
      // This comes after End, so that the client hears this status and not the error of the cancelled statement.
      return cancellation_.Cancel();
    }
    if (now >= IdleUntil(now)) {
      return End(Expired("idle", options.idle_timeout, "session_idle_timeout", status::kSessionIdleTimeout));
    }
    ArmTimer();
  }

 private:
  // kWaiting: the session waits for a request. kRunning: a worker runs a request. kWriting: the session waits until the
  // client reads the answer. kEnding: a worker will finish the call.
  enum class State { kWaiting, kRunning, kWriting, kEnding };

  // False: the session is not in the state `from`, so it is ending.
  bool Move(State from, State to) {
    std::lock_guard lock(mutex_);
    if (state_ != from) return false;
    state_ = to;
    if (to == State::kWaiting) quiet_since_ = Clock::now();
    return true;
  }

  Clock::time_point IdleUntil(Clock::time_point now) {
    std::lock_guard lock(mutex_);
    const bool of_client = state_ == State::kWaiting || state_ == State::kWriting;
    return (of_client ? quiet_since_ : now) + long_calls_.limits().idle_timeout;
  }

  void ArmTimer() { call_.SetTimer(std::min(begun_ + long_calls_.limits().max_duration, IdleUntil(Clock::now()))); }

  // Ends the session. Of several calls the first one decides the status. If a worker runs a request, it ends the
  // session after that; otherwise a worker is asked to do it.
  void End(absl::Status status) {
    {
      std::lock_guard lock(mutex_);
      if (!end_) end_ = std::move(status);
      if (state_ == State::kRunning || state_ == State::kEnding) return;
      state_ = State::kEnding;
    }
    Submit();
  }

  void Submit() {
    if (auto submitted = long_calls_.executor().Submit(*this); !submitted.ok()) Finish(submitted);
  }

  void Run() override {
    crud::SessionStream::Answer answer;
    bool ending = false;
    {
      std::lock_guard lock(mutex_);
      ending = state_ == State::kEnding;
    }
    if (!ending) answer = Handle();
    {
      std::lock_guard lock(mutex_);
      open_ = stream_->open();
      // The client hears the outcome of a commit, even if the session was ended while the commit ran.
      const bool settled = answer.end && (answer.end->ok() || status::InDoubt(*answer.end));
      if (end_ && !settled) answer.end = std::move(end_);
      if (!answer.end) {
        // The lock is held, because another worker may finish the call as soon as the answer is written or the client
        // has gone.
        state_ = State::kWriting;
        quiet_since_ = Clock::now();
        const absl::Status sent = call_.Write(std::move(answer.message));
        if (sent.ok()) return;
        answer.end = sent;
      }
      state_ = State::kEnding;
    }
    Release();
    if (!answer.end->ok() || answer.message.empty()) return call_.Finish(*answer.end);
    call_.Answer(std::move(answer.message));
  }

  // The exceptions of the database are caught in db. Another one may still come when memory runs out; it ends only this
  // session.
  crud::SessionStream::Answer Handle() try {
    auto answer = stream_->Handle(request_);
    long_calls_.Ended(answer.end.value_or(answer.failed));
    return answer;
  } catch (const std::exception& e) {
    return {"", status::Thrown(e)};
  }

  void Refuse(const absl::Status& status) override { Finish(status); }

  void Finish(const absl::Status& status) {
    Release();
    call_.Finish(status);
  }

  // Rolls back and gives the connection back. This happens before the client hears that the session has ended.
  void Release() {
    if (!stream_) return;
    stream_.reset();
    long_calls_.Leave();
  }

  LongCalls& long_calls_;
  const std::shared_ptr<const Snapshot> snapshot_;
  Call& call_;
  db::Cancellation cancellation_;
  const db::Access access_;
  std::unique_ptr<crud::SessionStream> stream_;
  std::string_view request_;
  const Clock::time_point begun_;

  std::mutex mutex_;
  State state_ = State::kWaiting;
  bool open_ = false;                // a transaction is open
  Clock::time_point quiet_since_;    // the time since which it is the client's turn
  std::optional<absl::Status> end_;  // the status with which the session is to end
};

}  // namespace

std::unique_ptr<Handler> MakeSession(LongCalls& long_calls, std::shared_ptr<const Snapshot> snapshot,
                                     const crud::SessionMethod& method, Call& call,
                                     std::shared_ptr<const db::Caller> caller) {
  if (auto entered = long_calls.Enter(); !entered.ok()) {
    call.Finish(entered);
    return nullptr;
  }
  return std::make_unique<SessionHandler>(long_calls, std::move(snapshot), method, call, std::move(caller));
}

}  // namespace protogres::rpc
