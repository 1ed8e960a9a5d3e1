#include "protogres/internal/resumption.h"

namespace protogres::internal {

bool Resumption::Suspend(std::coroutine_handle<> handle) {
  {
    std::lock_guard lock(mutex_);
    if (state_ == State::kComplete && !executor_) {
      state_ = State::kResumed;
      return false;
    }
    handle_ = handle;
    if (state_ != State::kComplete) {
      state_ = State::kSuspended;
      return true;
    }
    state_ = State::kPosted;
  }
  // Also then it goes on where its executor says, not on the thread that has begun the work.
  executor_([self = shared_from_this()] { self->Resume(); });
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
