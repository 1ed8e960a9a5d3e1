#include "rpc/unary.h"

#include <exception>
#include <string>
#include <utility>

#include "contract/error.h"
#include "crud/run.h"
#include "db/error.h"
#include "db/session.h"

namespace protogres::rpc {
namespace {

// Whoever takes the Task out of the queue finishes the call: a worker, the
// Executor's watch, or OnCancelled.
class UnaryHandler final : public Handler, private Task {
 public:
  UnaryHandler(UnaryContext& context, std::shared_ptr<const Snapshot> snapshot, const crud::Method& method, Call& call)
      : context_(context),
        snapshot_(std::move(snapshot)),
        method_(method),
        call_(call),
        cancellation_(call.deadline()) {}

  void OnRequest(std::string_view message) override {
    request_ = message;
    if (auto submitted = context_.executor.Submit(*this); !submitted.ok()) call_.Finish(submitted);
  }

  void OnEnd() override {
    if (auto live = cancellation_.Check(); !live.ok()) return call_.Finish(live);
    call_.Finish(contract::BadRequest("", "a unary call needs a request message, and none came", "NO_REQUEST"));
  }

  void OnCancelled() override {
    cancellation_.Cancel();
    if (context_.executor.Remove(*this)) call_.Finish(cancellation_.Check());
  }

 private:
  void Run() override {
    auto response = Respond();
    if (response.ok()) return call_.Answer(*std::move(response));
    if (db::CatalogMoved(response.status()) && context_.on_catalog_moved) context_.on_catalog_moved();
    call_.Finish(response.status());
  }

  void Refuse(const absl::Status& status) override { call_.Finish(status); }

  // Exceptions end in db; of what may still come, memory that runs out, only this call dies.
  absl::StatusOr<std::string> Respond() try {
    if (auto live = cancellation_.Check(); !live.ok()) return live;
    return crud::Run(*snapshot_->api, method_, request_, context_.pool, cancellation_);
  } catch (const std::exception& e) {
    return contract::Error(absl::StatusCode::kInternal, std::string("the server failed: ") + e.what(), "INTERNAL");
  }

  UnaryContext& context_;
  const std::shared_ptr<const Snapshot> snapshot_;
  const crud::Method& method_;
  Call& call_;
  db::Cancellation cancellation_;
  std::string_view request_;
};

}  // namespace

std::unique_ptr<Handler> MakeUnary(UnaryContext& context, std::shared_ptr<const Snapshot> snapshot,
                                   const crud::Method& method, Call& call) {
  return std::make_unique<UnaryHandler>(context, std::move(snapshot), method, call);
}

}  // namespace protogres::rpc
