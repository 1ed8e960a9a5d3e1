#include "rpc/unary.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "db/memory.h"
#include "db/pool.h"
#include "db/session.h"
#include "metrics/trace.h"
#include "rpc/unknown_method.h"
#include "status/macros.h"
#include "status/sqlstate.h"
#include "status/status.h"
#include "transaction/run.h"

namespace protogres::rpc {
namespace {

// How many times a call runs again because the catalog has moved. A migration makes several changes, one after the
// other.
constexpr int kMostRenewals = 3;

// The Cancellation of the statement of a group. The statement is cancelled when the last call of the group no longer
// wants its result.
class SharedCancellation {
 public:
  SharedCancellation(std::chrono::system_clock::time_point deadline, std::size_t size)
      : cancellation_(deadline), live_(size) {}

  const db::Cancellation& get() const { return cancellation_; }
  // A call of the group no longer wants the result.
  void Leave() {
    if (live_.fetch_sub(1) == 1) cancellation_.Cancel();
  }
  void GiveUp() { cancellation_.GiveUp(); }

 private:
  db::Cancellation cancellation_;
  std::atomic<std::size_t> live_;
};

// The call is finished by the thread that takes the Task out of the queue: a worker, the thread of the Executor that
// refuses late Tasks, or the completion-queue thread in OnCancelled.
class UnaryHandler final : public Handler, private Task, private Renewal::Waiter {
 public:
  UnaryHandler(UnaryContext& context, std::shared_ptr<const Snapshot> snapshot, const crud::UnaryMethod& method,
               Call& call, std::shared_ptr<const db::Caller> caller)
      : context_(context),
        snapshot_(std::move(snapshot)),
        method_(&method),
        call_(call),
        cancellation_(call.deadline()),
        access_{context.pool, cancellation_, std::move(caller)} {}

  void OnRequest(std::string_view message) override {
    asked_ = true;
    request_ = message;
    if (auto submitted = context_.executor.Submit(*this); !submitted.ok()) call_.Finish(submitted);
  }

  void OnRefused(const absl::Status& status) override { call_.Finish(status); }

  void OnEnd() override {
    if (auto live = cancellation_.Check(); !live.ok()) return call_.Finish(live);
    call_.Finish(status::BadRequest("", "a unary call needs a request message, and none came", status::kNoRequest));
  }

  void OnCancelled() override {
    cancellation_.Cancel();
    if (context_.executor.Remove(*this) || context_.renewal.Leave(*this)) return Finish(cancellation_.Check());
    std::lock_guard lock(mutex_);
    if (shared_ && !std::exchange(left_, true)) shared_->Leave();
  }

  void OnShutdown() override {
    if (!asked_) return call_.Finish(status::ShuttingDown());
    shut_down_ = true;
    OnCancelled();
  }

  void OnGiveUp() override {
    cancellation_.GiveUp();
    std::lock_guard lock(mutex_);
    if (shared_) shared_->GiveUp();
  }

 private:
  friend class UnaryGroup;

  TaskKey key() const override {
    const db::Caller* const caller = access_.caller.get();
    return caller == nullptr ? TaskKey{method_} : TaskKey{method_, caller->identity.get(), caller->user};
  }
  std::chrono::system_clock::time_point deadline() const override { return cancellation_.deadline(); }
  std::unique_ptr<Group> MakeGroup() const override;

  bool may_group() const override {
    switch (method_->grouping()) {
      case crud::Grouping::kNone:
        return false;
      case crud::Grouping::kStatement:
        return context_.coalesce;
      case crud::Grouping::kCommit:
        return context_.group_commit;
    }
    return false;
  }

  void Run() override {
    const db::LateReturns late;
    Finish(Respond());
  }

  void Join(const std::shared_ptr<SharedCancellation>& shared) {
    std::lock_guard lock(mutex_);
    shared_ = shared;
    left_ = cancellation_.cancelled();
    if (left_) shared->Leave();
  }

  // Submits the call again, to run without a group: the request may succeed even if the statement of its group failed.
  void RunAlone() {
    if (auto live = cancellation_.Check(); !live.ok()) return Finish(live);
    if (auto submitted = context_.executor.Submit(*this); !submitted.ok()) call_.Finish(submitted);
  }

  void Finish(absl::StatusOr<std::string> response) {
    if (response.ok()) return call_.Answer(*std::move(response));
    if (status::CatalogMoved(response.status()) && Renew(response.status())) return;
    // After OnShutdown it was the server that cancelled the call, not the client.
    call_.Finish(absl::IsCancelled(response.status()) && shut_down_ ? status::ShuttingDown() : response.status());
  }

  // True: the call runs again after a reload. Another thread may be running it already, so the caller must not touch
  // it.
  bool Renew(const absl::Status& status) {
    if (!cancellation_.Check().ok()) return false;
    if (renewals_ == kMostRenewals || IsLasting(status)) {
      context_.renewal.Request();
      return false;
    }
    ++renewals_;
    moved_ = status;
    context_.renewal.Wait(*this);
    return true;
  }

  // True: the error is the same as that of the last run, so no reload mends it. An example is a view that calls a
  // broken function. A different error comes from another change of the catalog. The error for a stale plan always has
  // the same text, so the text tells nothing.
  bool IsLasting(const absl::Status& status) const {
    return status.message() == moved_.message() && !status::StalePlan(status);
  }

  void OnRenewal(bool closed) override {
    if (auto live = cancellation_.Check(); !live.ok()) return Finish(live);
    // The call has taken no effect, and another server may answer it.
    if (closed) return call_.Finish(status::ShuttingDown());
    auto snapshot = context_.current.Get();
    if (!snapshot->api || snapshot == snapshot_) return call_.Finish(moved_);
    const crud::Method* const method = snapshot->api->Find(call_.method());
    method_ = method != nullptr ? method->As<crud::UnaryMethod>() : nullptr;
    if (method_ == nullptr) return call_.Finish(GoneMethod(call_.method(), *snapshot));
    snapshot_ = std::move(snapshot);
    RunAlone();
  }

  void Refuse(const absl::Status& status) override { call_.Finish(status); }

  // The exceptions of the database are caught in db. Another one may still come when memory runs out; it ends only this
  // call.
  absl::StatusOr<std::string> Respond() try {
    RETURN_IF_ERROR(cancellation_.Check());
    // There was memory when the call was let in, but the call has waited since.
    RETURN_IF_ERROR(db::Memory::OfProcess().Left());
    metrics::Trace trace(context_.note_statements);
    auto response = transaction::Run(*snapshot_->api, *method_, request_, access_);
    if (context_.note_statements) call_.Ran(trace.Text());
    return response;
  } catch (const std::exception& e) {
    return status::Thrown(e);
  }

  UnaryContext& context_;
  std::shared_ptr<const Snapshot> snapshot_;
  const crud::UnaryMethod* method_;
  Call& call_;
  db::Cancellation cancellation_;
  const db::Access access_;
  std::string_view request_;
  bool asked_ = false;  // the request has come; used only by the completion-queue thread
  std::atomic<bool> shut_down_{false};
  int renewals_ = 0;
  absl::Status moved_;  // the error of the last run, if the call runs again
  std::mutex mutex_;
  std::shared_ptr<SharedCancellation> shared_;  // the Cancellation of the group in which the call ran last
  bool left_ = false;                           // the call has left `shared_`
};

// Runs several unary calls of one Method and one Identity. A handler is destroyed as soon as its call is finished, and
// the last handler may be the last owner of the snapshot. So the group itself keeps the snapshot, and with it the
// Method, and the caller.
class UnaryGroup final : public Group {
 public:
  UnaryGroup(UnaryContext& context, std::shared_ptr<const db::Caller> caller, std::shared_ptr<const Snapshot> snapshot,
             const crud::UnaryMethod& method)
      : context_(context), caller_(std::move(caller)), snapshot_(std::move(snapshot)), method_(method) {}

  void Run(std::span<Task* const> tasks) override {
    const std::vector<UnaryHandler*> handlers = FinishDead(tasks);
    if (handlers.empty()) return;
    if (handlers.size() == 1) return handlers.front()->Run();
    const auto shared = std::make_shared<SharedCancellation>(deadline_, handlers.size());
    std::vector<crud::GroupMember> members;
    members.reserve(handlers.size());
    for (UnaryHandler* handler : handlers) {
      handler->Join(shared);
      members.push_back({handler->request_});
    }
    const db::LateReturns late;
    metrics::Trace trace(context_.note_statements);
    Respond(members, shared->get());
    if (context_.note_statements) {
      for (UnaryHandler* handler : handlers) handler->call_.Ran(trace.Text());
    }
    for (std::size_t i = 0; i < handlers.size(); ++i) {
      if (members[i].response) {
        handlers[i]->Finish(*std::move(members[i].response));
      } else {
        handlers[i]->RunAlone();
      }
    }
  }

 private:
  // Finishes the calls that are cancelled already. Returns the others, and notes the latest of their deadlines.
  std::vector<UnaryHandler*> FinishDead(std::span<Task* const> tasks) {
    std::vector<UnaryHandler*> live;
    live.reserve(tasks.size());
    for (Task* task : tasks) {
      auto* const handler = static_cast<UnaryHandler*>(task);
      if (auto status = handler->cancellation_.Check(); !status.ok()) {
        handler->Finish(status);
      } else {
        live.push_back(handler);
        deadline_ = std::max(deadline_, handler->call_.deadline());
      }
    }
    return live;
  }

  void Respond(std::span<crud::GroupMember> members, const db::Cancellation& cancellation) const try {
    method_.RunGroup(members, {context_.pool, cancellation, caller_});
  } catch (const std::exception&) {
    // There was not enough memory. The calls run again one by one, and then each needs less memory.
  }

  UnaryContext& context_;
  const std::shared_ptr<const db::Caller> caller_;
  const std::shared_ptr<const Snapshot> snapshot_;
  const crud::UnaryMethod& method_;
  std::chrono::system_clock::time_point deadline_ = std::chrono::system_clock::time_point::min();
};

std::unique_ptr<Group> UnaryHandler::MakeGroup() const {
  return std::make_unique<UnaryGroup>(context_, access_.caller, snapshot_, *method_);
}

}  // namespace

std::unique_ptr<Handler> MakeUnary(UnaryContext& context, std::shared_ptr<const Snapshot> snapshot,
                                   const crud::UnaryMethod& method, Call& call,
                                   std::shared_ptr<const db::Caller> caller) {
  return std::make_unique<UnaryHandler>(context, std::move(snapshot), method, call, std::move(caller));
}

}  // namespace protogres::rpc
