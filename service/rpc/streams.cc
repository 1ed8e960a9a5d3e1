#include "rpc/streams.h"

namespace protogres::rpc {

void Streams::Add(Call& call) {
  std::lock_guard lock(mutex_);
  calls_.insert(&call);
}

void Streams::Remove(Call& call) {
  std::lock_guard lock(mutex_);
  calls_.erase(&call);
}

void Streams::WakeAll() {
  std::lock_guard lock(mutex_);
  for (Call* call : calls_) call->Wake();
}

void Streams::Drain() {
  draining_.store(true);
  WakeAll();
}

}  // namespace protogres::rpc
