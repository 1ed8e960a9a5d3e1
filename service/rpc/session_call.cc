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

// The completion-queue thread reads, and decides when it is over; a worker runs
// requests, and ends the session. They take turns, but for what may come at any
// time: a cancel, the timer.
class SessionHandler final : public Handler, private Task {
 public:
  SessionHandler(Sessions& sessions, std::shared_ptr<const Snapshot> snapshot, const crud::SessionMethod& method,
                 Call& call)
      : sessions_(sessions),
        snapshot_(std::move(snapshot)),
        call_(call),
        cancellation_(call.deadline()),
        stream_(method.Open(sessions.pool(), cancellation_)),
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

  // Half-closed, or the client cannot be written to.
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
    // After End, so that the statement's own error is not the one that is told.
    cancellation_.Cancel();
  }

  void OnGiveUp() override { cancellation_.GiveUp(); }

  void OnTimer() override {
    const SessionOptions& options = sessions_.options();
    const auto now = Clock::now();
    if (now >= begun_ + options.max_duration) {
      End(Expired("open", options.max_duration, "session_max_duration", status::kSessionMaxDuration));
      // After End, so that the statement's own error is not the one that is told.
      return cancellation_.Cancel();
    }
    if (now >= IdleUntil(now)) {
      return End(Expired("idle", options.idle_timeout, "session_idle_timeout", status::kSessionIdleTimeout));
    }
    ArmTimer();
  }

 private:
  // kWaiting: for a request of the client. kWriting: for it to read. kEnding: a worker will finish the call.
  enum class State { kWaiting, kRunning, kWriting, kEnding };

  // False: it is not in `from`, so it is ending.
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
    return (of_client ? quiet_since_ : now) + sessions_.options().idle_timeout;
  }

  void ArmTimer() { call_.SetTimer(std::min(begun_ + sessions_.options().max_duration, IdleUntil(Clock::now()))); }

  // The first cause counts. A worker that runs a request ends the session after it; else one is asked to.
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
    if (auto submitted = sessions_.executor().Submit(*this); !submitted.ok()) Finish(submitted);
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
      // What the database said of a commit is told, whatever else came meanwhile.
      const bool settled = answer.end && (answer.end->ok() || status::InDoubt(*answer.end));
      if (end_ && !settled) answer.end = std::move(end_);
      if (!answer.end) {
        // Under the lock: as soon as it is written, or the client has gone, another worker may finish the call.
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

  // Exceptions end in db; of what may still come, memory that runs out, only this session dies.
  crud::SessionStream::Answer Handle() try {
    auto answer = stream_->Handle(request_);
    if (answer.end) sessions_.Ended(*answer.end);
    return answer;
  } catch (const std::exception& e) {
    return {"", status::Thrown(e)};
  }

  void Refuse(const absl::Status& status) override { Finish(status); }

  void Finish(const absl::Status& status) {
    Release();
    call_.Finish(status);
  }

  // Rolls back and gives the connection back, before the client hears of the end.
  void Release() {
    if (!stream_) return;
    stream_.reset();
    sessions_.Leave();
  }

  Sessions& sessions_;
  const std::shared_ptr<const Snapshot> snapshot_;
  Call& call_;
  db::Cancellation cancellation_;
  std::unique_ptr<crud::SessionStream> stream_;
  std::string_view request_;
  const Clock::time_point begun_;

  std::mutex mutex_;
  State state_ = State::kWaiting;
  bool open_ = false;                // a transaction is
  Clock::time_point quiet_since_;    // the client has its turn
  std::optional<absl::Status> end_;  // it is over, with this
};

}  // namespace

std::unique_ptr<Handler> MakeSession(Sessions& sessions, std::shared_ptr<const Snapshot> snapshot,
                                     const crud::SessionMethod& method, Call& call) {
  if (auto entered = sessions.Enter(); !entered.ok()) {
    call.Finish(entered);
    return nullptr;
  }
  return std::make_unique<SessionHandler>(sessions, std::move(snapshot), method, call);
}

}  // namespace protogres::rpc
