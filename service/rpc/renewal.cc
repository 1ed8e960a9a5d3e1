#include "rpc/renewal.h"

#include <utility>
#include <vector>

namespace protogres::rpc {

using Clock = std::chrono::steady_clock;

Renewal::Renewal(RequestReload request, std::chrono::milliseconds longest)
    : request_(std::move(request)), longest_(longest), watch_([this] { Watch(); }) {}

Renewal::~Renewal() {
  Close();
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  watch_.join();
}

void Renewal::Request() const {
  if (request_) request_();
}

void Renewal::Wait(Waiter& waiter) {
  const std::uint64_t reload = request_ ? request_() : 0;
  bool closed = false;
  {
    std::lock_guard lock(mutex_);
    closed = closed_;
    if (!closed && reload > over_) {
      waiter.reload_ = reload;
      waiter.until_ = Clock::now() + longest_;
      waiter.waiting_ = true;
      waiter.place_ = waiters_.insert(waiters_.end(), &waiter);
      if (waiters_.size() == 1) wake_.notify_one();
      return;
    }
  }
  waiter.OnRenewal(closed);
}

bool Renewal::Leave(Waiter& waiter) {
  std::lock_guard lock(mutex_);
  if (!std::exchange(waiter.waiting_, false)) return false;
  waiters_.erase(waiter.place_);
  return true;
}

void Renewal::Over(std::uint64_t reload) {
  {
    std::lock_guard lock(mutex_);
    over_ = reload;
  }
  Call([reload](const Waiter& waiter) { return waiter.reload_ <= reload; });
}

void Renewal::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  Call([](const Waiter&) { return true; });
}

template <typename Done>
void Renewal::Call(const Done& done) {
  std::vector<Waiter*> called;
  bool closed = false;
  {
    std::lock_guard lock(mutex_);
    closed = closed_;
    for (auto it = waiters_.begin(); it != waiters_.end();) {
      Waiter* const waiter = *it;
      if (!done(*waiter)) {
        ++it;
        continue;
      }
      waiter->waiting_ = false;
      called.push_back(waiter);
      it = waiters_.erase(it);
    }
  }
  for (Waiter* waiter : called) waiter->OnRenewal(closed);
}

void Renewal::Watch() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (waiters_.empty()) {
      wake_.wait(lock);
      continue;
    }
    const auto now = Clock::now();
    if (const auto first = waiters_.front()->until_; first > now) {
      wake_.wait_until(lock, first);
      continue;
    }
    lock.unlock();
    Call([now](const Waiter& waiter) { return waiter.until_ <= now; });
    lock.lock();
  }
}

}  // namespace protogres::rpc
