// Answers on their way from workers to a completion-queue thread, which sends
// them: one wake-up for many. A worker that sends an answer itself wakes that
// thread for each, and the two wait for each other within gRPC.
#ifndef PROTOGRES_SERVICE_RPC_OUTBOX_H_
#define PROTOGRES_SERVICE_RPC_OUTBOX_H_

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace protogres::rpc {

// Thread-safe, but for Take.
template <typename Item>
class Outbox {
 public:
  // `tag` comes out of `cq` when there is something to Take.
  Outbox(grpc::CompletionQueue* cq, void* tag) : cq_(cq), tag_(tag) {}

  void Put(Item item) {
    std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
    if (items_.size() > 1) return;  // the tag is on its way
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(cq_, gpr_time_0(GPR_CLOCK_REALTIME), tag_);
  }

  // On the completion-queue thread, for each tag. The items live until the next call.
  std::vector<Item>& Take() {
    taken_.clear();
    std::lock_guard lock(mutex_);
    taken_.swap(items_);
    return taken_;
  }

 private:
  grpc::CompletionQueue* const cq_;
  void* const tag_;
  std::mutex mutex_;
  std::vector<Item> items_;
  std::vector<Item> taken_;
  std::unique_ptr<grpc::Alarm> alarm_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_OUTBOX_H_
