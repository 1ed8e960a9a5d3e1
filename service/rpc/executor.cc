#include "rpc/executor.h"

#include <fmt/format.h>

#include <algorithm>

#include "contract/error.h"

namespace protogres::rpc {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kRetryFull{100};
constexpr milliseconds kRetryTimeout{1000};
// Keeps the sums of times from overflowing.
constexpr milliseconds kLongestTimeout = std::chrono::hours(24 * 365);

absl::Status QueueFull(int size) {
  return contract::WithRetry(
      contract::Error(absl::StatusCode::kResourceExhausted,
                      fmt::format("the server is busy: {} requests wait already (--queue_size)", size), "QUEUE_FULL"),
      kRetryFull);
}

absl::Status TimedOut(milliseconds timeout) {
  return contract::WithRetry(
      contract::Error(absl::StatusCode::kResourceExhausted,
                      fmt::format("no connection became free within {} ms (--pool_timeout)", timeout.count()),
                      "POOL_TIMEOUT"),
      kRetryTimeout);
}

absl::Status Closed() {
  return contract::Error(absl::StatusCode::kUnavailable, "the server is shutting down", "SHUTTING_DOWN");
}

}  // namespace

Executor::Executor(const Options& options) : options_(options) {
  for (int i = 0; i < std::max(1, options_.workers); ++i) threads_.emplace_back([this] { Work(); });
  threads_.emplace_back([this] { Watch(); });
}

Executor::~Executor() { Stop(); }

absl::Status Executor::Submit(Task& task) {
  task.since_ = Clock::now();
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return Closed();
    // A Task that a free worker is about to take does not wait.
    if (waiting_ >= options_.queue_size + idle_) return QueueFull(options_.queue_size);
    Append(task);
    wake = idle_ > 0;
  }
  if (wake) work_.notify_one();
  return absl::OkStatus();
}

bool Executor::Remove(Task& task) {
  std::lock_guard lock(mutex_);
  if (!task.waiting_) return false;
  Unlink(task);
  return true;
}

void Executor::Close() {
  Task* rest = nullptr;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    rest = TakeSince(Clock::time_point::max());
  }
  RefuseAll(rest, Closed());
}

void Executor::Stop() {
  Close();
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  work_.notify_all();
  stop_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void Executor::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    work_.wait(lock, [this] { return stopped_ || first_ != nullptr; });
    --idle_;
    if (stopped_) return;
    Task& task = *first_;
    Unlink(task);
    lock.unlock();
    task.Run();
    lock.lock();
  }
}

void Executor::Watch() {
  // While it sleeps no Task that comes can expire before it wakes, so Submit need not wake it.
  const milliseconds timeout = std::clamp(options_.queue_timeout, milliseconds(1), kLongestTimeout);
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    const auto now = Clock::now();
    if (Task* late = TakeSince(now - timeout)) {
      lock.unlock();
      RefuseAll(late, TimedOut(options_.queue_timeout));
      lock.lock();
      continue;
    }
    stop_.wait_until(lock, (first_ ? first_->since_ : now) + timeout);
  }
}

void Executor::Append(Task& task) {
  task.previous_ = last_;
  task.next_ = nullptr;
  task.waiting_ = true;
  (last_ ? last_->next_ : first_) = &task;
  last_ = &task;
  ++waiting_;
}

void Executor::Unlink(Task& task) {
  (task.previous_ ? task.previous_->next_ : first_) = task.next_;
  (task.next_ ? task.next_->previous_ : last_) = task.previous_;
  task.waiting_ = false;
  --waiting_;
}

Task* Executor::TakeSince(Clock::time_point limit) {
  Task* taken = nullptr;
  Task** end = &taken;
  while (first_ && first_->since_ <= limit) {
    Task* task = first_;
    Unlink(*task);
    task->next_ = nullptr;
    *end = task;
    end = &task->next_;
  }
  return taken;
}

void Executor::RefuseAll(Task* first, const absl::Status& status) {
  while (first) {
    Task* next = first->next_;  // the Task may be gone after Refuse
    first->Refuse(status);
    first = next;
  }
}

}  // namespace protogres::rpc
