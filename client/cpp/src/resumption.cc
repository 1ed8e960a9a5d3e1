#include "protogres/internal/resumption.h"

namespace protogres::internal {

bool Resumption::Suspend(std::coroutine_handle<> handle) {
  std::lock_guard lock(mutex_);
  if (state_ == State::kComplete) {
    state_ = State::kResumed;
    return false;
  }
  state_ = State::kSuspended;
  handle_ = handle;
  return true;
}

void Resumption::Complete() {
  {
    std::lock_guard lock(mutex_);
    if (state_ == State::kRunning) {
      state_ = State::kComplete;
      return;
    }
    if (state_ != State::kSuspended) return;
    state_ = State::kPosted;
  }
  if (!executor_) return Resume();
  executor_([self = shared_from_this()] { self->Resume(); });
}

void Resumption::Resume() {
  std::coroutine_handle<> handle;
  {
    std::lock_guard lock(mutex_);
    if (state_ != State::kPosted) return;
    state_ = State::kResumed;
    handle = handle_;
  }
  handle.resume();
}

bool Resumption::Abandon() {
  std::lock_guard lock(mutex_);
  if (state_ != State::kSuspended && state_ != State::kPosted) return false;
  // Where it is posted, the work is done, and abandoning it does no harm.
  state_ = State::kAbandoned;
  return true;
}

}  // namespace protogres::internal
