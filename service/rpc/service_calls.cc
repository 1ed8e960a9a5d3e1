#include "rpc/service_calls.h"

namespace protogres::rpc {

void ServiceCalls::Add(Call& call) {
  std::lock_guard lock(mutex_);
  calls_.insert(&call);
}

void ServiceCalls::Remove(Call& call) {
  std::lock_guard lock(mutex_);
  calls_.erase(&call);
}

void ServiceCalls::WakeAll() {
  std::lock_guard lock(mutex_);
  for (Call* call : calls_) call->Wake();
}

void ServiceCalls::Drain() {
  draining_.store(true);
  WakeAll();
}

}  // namespace protogres::rpc
