#include "exporter/turn.h"

namespace protogres::exporter {

std::shared_ptr<void> Turn::Await(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  if (!released_.wait_for(lock, timeout, [this] { return !taken_; })) return nullptr;
  taken_ = true;
  return {this, [](Turn* turn) { turn->Release(); }};
}

void Turn::Release() {
  {
    const std::lock_guard lock(mutex_);
    taken_ = false;
  }
  released_.notify_one();
}

}  // namespace protogres::exporter
