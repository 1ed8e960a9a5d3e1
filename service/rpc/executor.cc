#include "rpc/executor.h"

#include <fmt/format.h>

#include <algorithm>

#include "metrics/counts.h"
#include "status/status.h"

namespace protogres::rpc {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kRetryTimeout{1000};
// How long a Task waits for a group at most while Tasks are submitted all the time.
constexpr milliseconds kLongestWaitForGroup{2};
// A longer timeout would let sums of times overflow.
constexpr milliseconds kLongestTimeout = std::chrono::hours(24 * 365);

absl::Status TimedOut(milliseconds timeout) {
  return status::WithRetry(
      status::Error(absl::StatusCode::kResourceExhausted,
                    fmt::format("no connection became free within {} ms (--pool_timeout)", timeout.count()),
                    status::kPoolTimeout),
      kRetryTimeout);
}

}  // namespace

Executor::Executor(const Options& options)
    : options_(options),
      queue_({.room = options.queue_size,
              .places = std::max(1, options.workers),
              .max_group_size = options.max_group_size,
              .groups_at_once = options.groups_at_once,
              .wait_for_groups = options.wait_for_groups,
              .max_idle = options.max_idle_keys}) {
  for (int i = 0; i < std::max(1, options_.workers); ++i) {
    Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
    worker.thread = std::thread([this, &worker] { Work(worker); });
  }
  watch_ = std::thread([this] { Watch(); });
}

Executor::~Executor() { Stop(); }

absl::Status Executor::Submit(Task& task) {
  const auto now = Clock::now();
  Worker* called = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return status::ShuttingDown();
    Time start;
    if (auto added = queue_.Add(task, free_, now, &start); !added.ok()) return added;
    called = CallWorker(start, now);
    if (queue_.gathering() && !some_wait_for_group_.load(std::memory_order_relaxed)) {
      waiting_since_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
      some_wait_for_group_.store(true, std::memory_order_relaxed);
    }
  }
  if (called) called->wake.notify_one();
  return absl::OkStatus();
}

void Executor::Dispatch() {
  if (!some_wait_for_group_.load(std::memory_order_relaxed)) return;
  Worker* called = nullptr;
  {
    std::lock_guard lock(mutex_);
    some_wait_for_group_.store(false, std::memory_order_relaxed);
    queue_.Dispatch();
    called = CallWorkerForWaiting(Clock::now());
  }
  if (called) called->wake.notify_one();
}

void Executor::DispatchLate() {
  if (!some_wait_for_group_.load(std::memory_order_relaxed)) return;
  const Clock::duration since(waiting_since_.load(std::memory_order_relaxed));
  if (Clock::now().time_since_epoch() - since >= kLongestWaitForGroup) Dispatch();
}

bool Executor::Remove(Task& task) {
  std::lock_guard lock(mutex_);
  return queue_.Remove(task);
}

void Executor::Hold(int connections) {
  Worker* called = nullptr;
  {
    std::lock_guard lock(mutex_);
    held_ += connections;
    queue_.set_places(std::max(1, options_.workers - std::max(0, held_ - options_.spare)));
    if (connections < 0) called = CallWorkerForWaiting(Clock::now());
  }
  if (called) called->wake.notify_one();
}

int Executor::waiting() const {
  std::lock_guard lock(mutex_);
  return queue_.waiting();
}

void Executor::Close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  RefuseSince(Time::max(), status::ShuttingDown(), lock);
}

void Executor::Stop() {
  Close();
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stop_.notify_all();
  // The joined workers are not destroyed here, because a Submit that began before the end may still wake one.
  for (auto& worker : workers_) {
    worker->wake.notify_one();
    if (worker->thread.joinable()) worker->thread.join();
  }
  if (watch_.joinable()) watch_.join();
}

void Executor::Work(Worker& worker) {
  std::vector<Task*> tasks;
  std::unique_lock lock(mutex_);
  while (KeyQueue* queue = Await(worker, lock)) {
    const Time now = Clock::now();
    const FairQueue::Taken taken = queue_.Take(*queue, now, &tasks);
    // Submit calls no worker for a Task that may not run yet. It may now.
    Worker* const another = CallWorkerForWaiting(now);
    lock.unlock();
    if (another) another->wake.notify_one();
    if (taken.grouped) metrics::Counts::OfProcess().group_sizes.Observe(static_cast<std::int64_t>(tasks.size()));
    if (tasks.size() == 1) {
      tasks[0]->Run();
    } else {
      tasks[0]->MakeGroup()->Run(tasks);
    }
    lock.lock();
    queue_.Ended(*queue, taken, Clock::now());
  }
}

KeyQueue* Executor::Await(Worker& worker, std::unique_lock<std::mutex>& lock) {
  ++free_;
  KeyQueue* queue = nullptr;
  Time start;
  while (!stopped_ && (queue = queue_.Next(Clock::now(), &start)) == nullptr) {
    const auto called = [&] { return stopped_ || worker.called; };
    if (watched_ || start == Time::max()) {
      idle_.push_back(&worker);
      worker.wake.wait(lock, called);
    } else {
      watched_ = true;
      idle_.insert(idle_.begin(), &worker);  // it is called last, because then another worker must watch
      worker.wake.wait_until(lock, start, called);
      watched_ = false;
    }
    if (!worker.called) std::erase(idle_, &worker);
    worker.called = false;
  }
  --free_;
  return stopped_ ? nullptr : queue;
}

Executor::Worker* Executor::CallWorker(Time start, Time now) {
  if (idle_.empty() || start == Time::max() || (watched_ && start > now)) return nullptr;
  Worker* const worker = idle_.back();
  idle_.pop_back();
  worker->called = true;
  return worker;
}

Executor::Worker* Executor::CallWorkerForWaiting(Time now) {
  if (idle_.empty()) return nullptr;
  Time start;
  return CallWorker(queue_.Next(now, &start) != nullptr ? now : start, now);
}

void Executor::Watch() {
  // A Task that comes while this thread sleeps expires after the thread wakes, so Submit need not wake it.
  const milliseconds timeout = std::clamp(options_.queue_timeout, milliseconds(1), kLongestTimeout);
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    RefuseSince(Clock::now() - timeout, TimedOut(options_.queue_timeout), lock);
    if (!stopped_) stop_.wait_until(lock, queue_.Oldest(Clock::now()) + timeout);
  }
}

void Executor::RefuseSince(Time limit, const absl::Status& status, std::unique_lock<std::mutex>& lock) {
  while (Task* task = queue_.TakeSince(limit)) {
    lock.unlock();
    if (absl::IsResourceExhausted(status)) metrics::Counts::OfProcess().pool_timeouts.Add();
    task->Refuse(status);
    lock.lock();
  }
}

}  // namespace protogres::rpc
