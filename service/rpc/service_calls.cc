#include "rpc/service_calls.h"

namespace protogres::rpc {

void ServiceCalls::Add(Call& call) {
  std::lock_guard lock(mutex_);
  calls_.insert(&call);
  // It has begun while the drain did, and would otherwise wait until its client sends something.
  if (draining_.load()) call.Wake();
}

void ServiceCalls::Remove(Call& call) {
  std::lock_guard lock(mutex_);
  calls_.erase(&call);
}

void ServiceCalls::WakeAll() {
  std::lock_guard lock(mutex_);
  for (Call* call : calls_) call->Wake();
}

void ServiceCalls::Wake(Call* call) {
  std::lock_guard lock(mutex_);
  if (calls_.contains(call)) call->Wake();
}

void ServiceCalls::Drain() {
  draining_.store(true);
  WakeAll();
}

}  // namespace protogres::rpc
