#include "rpc/bulk_call.h"

#include <fmt/format.h>

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "contract/error.h"
#include "crud/import.h"
#include "crud/stream.h"
#include "db/session.h"

namespace protogres::rpc {
namespace {

// What both have in common: a worker that works, and the completion-queue thread that tells it of the client.
class BulkHandler : public Handler, private Task {
 public:
  BulkHandler(Sessions& sessions, std::shared_ptr<const Snapshot> snapshot, const crud::Binding& table, Call& call)
      : sessions_(sessions),
        snapshot_(std::move(snapshot)),
        table_(table),
        call_(call),
        cancellation_(call.deadline()) {}

  void OnCancelled() override {
    if (!begun_) return call_.Finish(Cancelled());
    Tell([this] { cancellation_.Cancel(); });
  }

 protected:
  // On the worker, once. What it holds of the database must be gone when it returns: the last message, or an error.
  virtual absl::StatusOr<std::optional<std::string>> Work() = 0;
  // What is told a client that has let the worker wait for so long.
  virtual absl::Status Idle(std::chrono::milliseconds limit) const = 0;

  // True: the worker is at work, or will be. False: there is none to be had, and the call was finished.
  bool Begin() {
    if (begun_) return true;
    absl::Status entered = sessions_.Enter();
    if (entered.ok()) {
      begun_ = true;
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

  // Waits until `met`, which is asked under the lock. An error is the end of the call.
  template <typename Met>
  absl::Status Await(const Met& met) {
    const std::chrono::milliseconds limit = sessions_.options().idle_timeout;
    std::unique_lock lock(mutex_);
    if (!told_.wait_for(lock, limit, [&] { return met() || cancellation_.cancelled(); })) return Idle(limit);
    return cancellation_.Check();
  }

  absl::Status Cancelled() {
    cancellation_.Cancel();
    return cancellation_.Check();
  }

  Sessions& sessions_;
  const std::shared_ptr<const Snapshot> snapshot_;
  const crud::Binding& table_;
  Call& call_;
  db::Cancellation cancellation_;

 private:
  void Run() override {
    auto last = Guarded();
    sessions_.Ended(last.status());
    sessions_.Leave();
    if (!last.ok()) return call_.Finish(last.status());
    if (!last->has_value()) return call_.Finish(absl::OkStatus());
    call_.Answer(**std::move(last));
  }

  // Exceptions end in db; of what may still come, memory that runs out, only this call dies.
  absl::StatusOr<std::optional<std::string>> Guarded() try { return Work(); } catch (const std::exception& e) {
    return contract::Error(absl::StatusCode::kInternal, std::string("the server failed: ") + e.what(), "INTERNAL");
  }

  void Refuse(const absl::Status& status) override {
    sessions_.Leave();
    call_.Finish(status);
  }

  bool begun_ = false;  // for the completion-queue thread
  std::mutex mutex_;
  std::condition_variable told_;
};

absl::Status Expired(const std::string& what) {
  return contract::Error(absl::StatusCode::kAborted, what, "SESSION_IDLE_TIMEOUT");
}

// One chunk is prepared while the one before is written, and no more.
class StreamHandler final : public BulkHandler {
 public:
  using BulkHandler::BulkHandler;

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
    call_.Finish(contract::BadRequest("", "the call needs a request message, and none came", "NO_REQUEST"));
  }

 private:
  absl::StatusOr<std::optional<std::string>> Work() override {
    crud::RowStream rows(table_, sessions_.pool(), cancellation_);
    if (auto planned = rows.Plan(request_); !planned.ok()) return planned;
    while (true) {
      auto chunk = rows.Next();
      if (!chunk.ok()) return chunk.status();
      if (auto written = Await([this] { return !writing_; }); !written.ok()) return written;
      if (!chunk->has_value()) return std::nullopt;
      Tell([this] { writing_ = true; });
      if (auto sent = call_.Write(**std::move(chunk)); !sent.ok()) return sent;
    }
  }

  absl::Status Idle(std::chrono::milliseconds limit) const override {
    return Expired(
        fmt::format("the client has read nothing for {} ms (--session_idle_timeout): a new call with the "
                    "last next_page_token as its page_token goes on",
                    limit.count()));
  }

  std::string_view request_;
  bool writing_ = false;
};

// One message is read ahead while the one before is stored, and no more.
class ImportHandler final : public BulkHandler {
 public:
  using BulkHandler::BulkHandler;

  void OnRequest(std::string_view message) override {
    Tell([&] { ahead_.emplace(message); });
    Begin();
  }

  // Half-closed, or the client has gone. A cancel that comes with it is handled before OnWake, so that what a client
  // that died has sent is never taken for all of it.
  void OnEnd() override { call_.Wake(); }

  void OnWake() override {
    if (!begun()) return call_.Answer("");
    Tell([this] { complete_ = true; });
  }

 private:
  absl::StatusOr<std::optional<std::string>> Work() override {
    crud::RowImport rows(table_, sessions_.pool(), cancellation_);
    while (true) {
      if (auto come = Await([this] { return ahead_ || complete_; }); !come.ok()) return come;
      std::optional<std::string> message;
      Tell([&] { ahead_.swap(message); });
      if (!message) return rows.Finish();
      call_.Read();
      if (auto added = rows.Add(*message); !added.ok()) return added;
    }
  }

  absl::Status Idle(std::chrono::milliseconds limit) const override {
    return Expired(fmt::format("the client has sent nothing for {} ms (--session_idle_timeout): nothing was imported",
                               limit.count()));
  }

  std::optional<std::string> ahead_;
  bool complete_ = false;
};

}  // namespace

std::unique_ptr<Handler> MakeStream(Sessions& sessions, std::shared_ptr<const Snapshot> snapshot,
                                    const crud::Binding& table, Call& call) {
  return std::make_unique<StreamHandler>(sessions, std::move(snapshot), table, call);
}

std::unique_ptr<Handler> MakeImport(Sessions& sessions, std::shared_ptr<const Snapshot> snapshot,
                                    const crud::Binding& table, Call& call) {
  return std::make_unique<ImportHandler>(sessions, std::move(snapshot), table, call);
}

}  // namespace protogres::rpc
