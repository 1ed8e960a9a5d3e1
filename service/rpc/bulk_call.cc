#include "rpc/bulk_call.h"

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

// How often a stream that meets a moved catalog before its first chunk begins again.
constexpr int kMostRenewals = 2;

absl::Status Expired(const std::string& what, const char* reason) {
  return status::Error(absl::StatusCode::kAborted, what, reason);
}

// What both have in common: a worker that works, and the completion-queue thread that tells it of the client.
class BulkHandler : public Handler, private Task {
 public:
  BulkHandler(Sessions& sessions, std::shared_ptr<const Snapshot> snapshot, Call& call)
      : sessions_(sessions), snapshot_(std::move(snapshot)), call_(call), cancellation_(call.deadline()) {}

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
                            sessions_.options().max_duration.count(), Consequence()),
                status::kStreamMaxDuration));
  }

 protected:
  // On the worker, once. What it holds of the database must be gone when it returns: the last message, or an error.
  virtual absl::StatusOr<std::optional<std::string>> Work() = 0;
  // What a client does not do that lets the worker wait, and what an end before the last message means for it.
  virtual std::string Idleness() const = 0;
  virtual std::string Consequence() const = 0;

  // True: the worker is at work, or will be. False: there is none to be had, and the call was finished.
  bool Begin() {
    if (begun_) return true;
    absl::Status entered = sessions_.Enter();
    if (entered.ok()) {
      begun_ = true;
      if (const auto most = sessions_.options().max_duration; most.count() > 0) {
        call_.SetTimer(std::chrono::system_clock::now() + most);
      }
      entered = sessions_.executor().Submit(*this);
      if (!entered.ok()) sessions_.Leave();
    }
    if (!entered.ok()) call_.Finish(entered);
    return entered.ok();
  }
  bool begun() const { return begun_; }

  // Changes what the worker waits for.
  template <typename Change>
  void Tell(const Change& change) {
    {
      std::lock_guard lock(mutex_);
      change();
    }
    told_.notify_one();
  }

  // The same on another thread, for which the call may be gone as soon as it has told.
  template <typename Change>
  void TellLast(const Change& change) {
    std::lock_guard lock(mutex_);
    change();
    told_.notify_one();
  }

  // Waits until `met`, which is asked under the lock. An error is the end of the call.
  template <typename Met>
  absl::Status Await(const Met& met) {
    const milliseconds limit = sessions_.options().idle_timeout;
    std::unique_lock lock(mutex_);
    if (told_.wait_for(lock, limit, [&] { return met() || cancellation_.cancelled(); })) return cancellation_.Check();
    return Expired(fmt::format("the client has {} for {} ms (--session_idle_timeout): {}", Idleness(), limit.count(),
                               Consequence()),
                   status::kSessionIdleTimeout);
  }

  // Waits until `met`, or the call is cancelled: an error.
  template <typename Met>
  absl::Status AwaitLive(const Met& met) {
    std::unique_lock lock(mutex_);
    told_.wait(lock, [&] { return met() || cancellation_.cancelled(); });
    return cancellation_.Check();
  }
  // The same also where the call is cancelled.
  template <typename Met>
  void AwaitAlways(const Met& met) {
    std::unique_lock lock(mutex_);
    told_.wait(lock, met);
  }

  absl::Status Cancelled() {
    cancellation_.Cancel();
    return cancellation_.Check();
  }

  Sessions& sessions_;
  std::shared_ptr<const Snapshot> snapshot_;
  Call& call_;
  db::Cancellation cancellation_;

 private:
  void Run() override {
    auto last = Guarded();
    if (absl::IsCancelled(last.status())) last = Cause(last.status());
    sessions_.Ended(last.status());
    sessions_.Leave();
    if (!last.ok()) return call_.Finish(last.status());
    if (!last->has_value()) return call_.Finish(absl::OkStatus());
    call_.Answer(**std::move(last));
  }

  // Exceptions end in db; of what may still come, memory that runs out, only this call dies.
  absl::StatusOr<std::optional<std::string>> Guarded() try { return Work(); } catch (const std::exception& e) {
    return status::Thrown(e);
  }

  // The first cause counts, and the worker finishes the call.
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
    sessions_.Leave();
    call_.Finish(status);
  }

  bool begun_ = false;  // for the completion-queue thread
  std::mutex mutex_;
  std::condition_variable told_;
  std::optional<absl::Status> cause_;  // why the server itself has cancelled it
};

// One chunk is prepared while the one before is written, and no more.
class StreamHandler final : public BulkHandler, private Renewal::Waiter {
 public:
  StreamHandler(Sessions& sessions, Renewal& renewal, const Current& current, std::shared_ptr<const Snapshot> snapshot,
                const crud::ServerStreamMethod& method, Call& call)
      : BulkHandler(sessions, std::move(snapshot), call), method_(&method), renewal_(renewal), current_(current) {}

  void OnRequest(std::string_view message) override {
    request_ = message;
    Begin();
  }

  void OnWritten() override {
    Tell([this] { writing_ = false; });
  }

  void OnEnd() override {
    // A chunk could not be written: the client has gone, as OnCancelled will say.
    if (begun()) return;
    if (auto live = cancellation_.Check(); !live.ok()) return call_.Finish(live);
    call_.Finish(status::BadRequest("", "the call needs a request message, and none came", status::kNoRequest));
  }

 private:
  absl::StatusOr<std::optional<std::string>> Work() override {
    for (int renewals = 0;; ++renewals) {
      auto last = Send();
      if (begun_to_send_ || renewals == kMostRenewals || !status::CatalogMoved(last.status())) return last;
      if (auto renewed = Renew(last.status()); !renewed.ok()) return renewed;
    }
  }

  // Gives the worker's thread, of which each stream has its own, to waiting for a reload.
  absl::Status Renew(const absl::Status& moved) {
    renewed_ = false;
    renewal_.Wait(*this);
    absl::Status live = AwaitLive([this] { return renewed_; });
    if (!live.ok()) {
      // OnRenewal is called just now, or will not be.
      if (!renewal_.Leave(*this)) AwaitAlways([this] { return renewed_; });
      return live;
    }
    auto snapshot = current_.Get();
    if (!snapshot->api || snapshot == snapshot_) return moved;
    const crud::Method* const method = snapshot->api->Find(call_.method());
    method_ = method != nullptr ? method->As<crud::ServerStreamMethod>() : nullptr;
    if (method_ == nullptr) return UnknownMethod(call_.method(), *snapshot);
    snapshot_ = std::move(snapshot);
    return absl::OkStatus();
  }

  void OnRenewal() override {
    TellLast([this] { renewed_ = true; });
  }

  absl::StatusOr<std::optional<std::string>> Send() {
    ASSIGN_OR_RETURN(const auto stream, method_->Plan(request_, sessions_.pool(), cancellation_));
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
  std::string Consequence() const override {
    return "a new call with the last next_page_token as its page_token goes on";
  }

  const crud::ServerStreamMethod* method_;  // belongs to the Api of `snapshot_`
  Renewal& renewal_;
  const Current& current_;
  std::string_view request_;
  bool writing_ = false;
  bool begun_to_send_ = false;  // for the worker
  bool renewed_ = false;
};

// One message is read ahead while the one before is stored, and no more.
class ImportHandler final : public BulkHandler {
 public:
  ImportHandler(Sessions& sessions, std::shared_ptr<const Snapshot> snapshot, const crud::ClientStreamMethod& method,
                Call& call)
      : BulkHandler(sessions, std::move(snapshot), call), method_(method) {}

  void OnRequest(std::string_view message) override {
    Tell([&] { ahead_.emplace(message); });
    Begin();
  }

  // What a client that died has sent is never taken for all of it.
  void OnEnd() override { call_.AskHowItEnded(); }

  void OnHalfClosed() override {
    if (!begun()) return call_.Answer("");
    Tell([this] { complete_ = true; });
  }

 private:
  absl::StatusOr<std::optional<std::string>> Work() override {
    const auto stream = method_.Open(sessions_.pool(), cancellation_);
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

std::unique_ptr<Handler> MakeStream(Sessions& sessions, Renewal& renewal, const Current& current,
                                    std::shared_ptr<const Snapshot> snapshot, const crud::ServerStreamMethod& method,
                                    Call& call) {
  return std::make_unique<StreamHandler>(sessions, renewal, current, std::move(snapshot), method, call);
}

std::unique_ptr<Handler> MakeImport(Sessions& sessions, std::shared_ptr<const Snapshot> snapshot,
                                    const crud::ClientStreamMethod& method, Call& call) {
  return std::make_unique<ImportHandler>(sessions, std::move(snapshot), method, call);
}

}  // namespace protogres::rpc
