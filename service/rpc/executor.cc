#include "rpc/executor.h"

#include <fmt/format.h>

#include <algorithm>

#include "metrics/counts.h"
#include "status/status.h"

namespace protogres::rpc {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kRetryFull{100};
constexpr milliseconds kRetryTimeout{1000};
// If all running groups of a key have taken this long (cold pages, a lock), another one starts: several that wait at
// the same time are done sooner.
constexpr milliseconds kSlowGroup{5};
// How long a Task waits for a group at most while Tasks are submitted all the time.
constexpr milliseconds kLongestWaitForGroup{2};
// A longer timeout would let sums of times overflow.
constexpr milliseconds kLongestTimeout = std::chrono::hours(24 * 365);

absl::Status QueueFull(int size) {
  return status::WithRetry(
      status::Error(absl::StatusCode::kResourceExhausted,
                    fmt::format("the server is busy: {} requests wait already (--queue_size)", size),
                    status::kQueueFull),
      kRetryFull);
}

absl::Status TimedOut(milliseconds timeout) {
  return status::WithRetry(
      status::Error(absl::StatusCode::kResourceExhausted,
                    fmt::format("no connection became free within {} ms (--pool_timeout)", timeout.count()),
                    status::kPoolTimeout),
      kRetryTimeout);
}

}  // namespace

Executor::Executor(const Options& options) : options_(options) {
  QueueOf(nullptr);
  for (int i = 0; i < std::max(1, options_.workers); ++i) {
    Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
    worker.thread = std::thread([this, &worker] { Work(worker); });
  }
  watch_ = std::thread([this] { Watch(); });
}

Executor::~Executor() { Stop(); }

absl::Status Executor::Submit(Task& task) {
  const void* const group_key = task.group_key();
  const auto now = Clock::now();
  Worker* called = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return status::ShuttingDown();
    // A Task that a free worker is about to take does not count as waiting.
    if (waiting_ >= options_.queue_size + free_ && !task.taken_) return QueueFull(options_.queue_size);
    task.since_ = now;
    task.group_key_ = group_key;
    if (group_key) task.deadline_ = task.deadline();
    GroupQueue& queue = QueueOf(group_key);
    if (!queue.first) queue.waits_for_group = group_key != nullptr && options_.wait_for_groups;
    Append(queue, task);
    if (queue.size >= queue.next_size) queue.waits_for_group = false;
    if (queue.waits_for_group) {
      if (!some_wait_for_group_.load(std::memory_order_relaxed)) {
        waiting_since_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
        some_wait_for_group_.store(true, std::memory_order_relaxed);
      }
    } else {
      called = CallWorker(MayStart(group_key, queue, now));
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
    for (auto& [key, queue] : queues_) queue.waits_for_group = false;
    called = CallWorkerForWaiting();
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
  if (!task.waiting_) return false;
  Unlink(QueueOf(task.group_key_), task);
  return true;
}

int Executor::waiting() const {
  std::lock_guard lock(mutex_);
  return waiting_;
}

void Executor::Close() {
  Task* rest = nullptr;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    rest = TakeSince(Clock::time_point::max());
  }
  RefuseAll(rest, status::ShuttingDown());
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
  while (GroupQueue* queue = Await(worker, lock)) {
    const bool grouped = queue->first->group_key_ != nullptr;
    const int live = Take(*queue, &tasks);
    ++queue->running;
    const Time started = queue->started = Clock::now();
    // Submit calls no worker for a queue that may not start. Such a queue may start now.
    Worker* const another = CallWorkerForWaiting();
    lock.unlock();
    if (another) another->wake.notify_one();
    if (grouped) metrics::Counts::OfProcess().group_sizes.Observe(static_cast<std::int64_t>(tasks.size()));
    if (tasks.size() == 1) {
      tasks[0]->Run();
    } else {
      tasks[0]->MakeGroup()->Run(tasks);
    }
    lock.lock();
    --queue->running;
    if (grouped && live > 0) {
      const Time now = Clock::now();
      queue->group_size.Ran(live, now - started, now);
      queue->next_size = queue->group_size.Limit(now);
    }
  }
}

Executor::GroupQueue* Executor::Await(Worker& worker, std::unique_lock<std::mutex>& lock) {
  ++free_;
  GroupQueue* queue = nullptr;
  Time retry;
  while (!stopped_ && (queue = NextQueue(&retry)) == nullptr) {
    const auto called = [&] { return stopped_ || worker.called; };
    if (watched_ || retry == Time::max()) {
      idle_.push_back(&worker);
      worker.wake.wait(lock, called);
    } else {
      watched_ = true;
      idle_.insert(idle_.begin(), &worker);  // it is called last, because then another worker must watch
      worker.wake.wait_until(lock, retry, called);
      watched_ = false;
    }
    if (!worker.called) std::erase(idle_, &worker);
    worker.called = false;
  }
  --free_;
  return stopped_ ? nullptr : queue;
}

Executor::Worker* Executor::CallWorker(bool may_start) {
  if (idle_.empty() || (watched_ && !may_start)) return nullptr;
  Worker* const worker = idle_.back();
  idle_.pop_back();
  worker->called = true;
  return worker;
}

Executor::Worker* Executor::CallWorkerForWaiting() {
  Time retry;
  const bool may_start = NextQueue(&retry) != nullptr;
  return may_start || retry != Time::max() ? CallWorker(may_start) : nullptr;
}

void Executor::Watch() {
  // A Task that comes while this thread sleeps expires after the thread wakes, so Submit need not wake it.
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
    auto oldest = now;
    for (const auto& [key, queue] : queues_) {
      if (queue.first) oldest = std::min(oldest, queue.first->since_);
    }
    stop_.wait_until(lock, oldest + timeout);
  }
}

bool Executor::MayStart(const void* key, const GroupQueue& queue, Time now) const {
  return key == nullptr || queue.running < options_.groups_at_once || queue.size >= queue.next_size ||
         now - queue.started >= kSlowGroup;
}

Executor::GroupQueue* Executor::NextQueue(Time* retry) {
  *retry = Time::max();
  if (waiting_ == 0) return nullptr;
  const auto now = Clock::now();
  GroupQueue* next = nullptr;
  for (auto& [key, queue] : queues_) {
    if (!queue.first || queue.waits_for_group) continue;
    if (!MayStart(key, queue, now)) {
      *retry = std::min(*retry, queue.started + kSlowGroup);
    } else if (!next || queue.first->since_ < next->first->since_) {
      next = &queue;
    }
  }
  return next;
}

int Executor::Take(GroupQueue& queue, std::vector<Task*>* tasks) {
  const bool alone = queue.first->group_key_ == nullptr;
  const auto most = static_cast<std::size_t>(alone ? 1 : std::max(1, options_.max_group_size));
  queue.next_size = alone ? 1 : queue.group_size.Limit(Clock::now());
  const auto now = std::chrono::system_clock::now();
  auto deadline = std::chrono::system_clock::time_point::max();
  int live = 0;
  tasks->clear();
  while (queue.first && live < queue.next_size && tasks->size() < most) {
    Task& task = *queue.first;
    if (task.deadline_ > now) {
      deadline = std::min(deadline, task.deadline_);
      if (live > 0 && queue.group_size.Expected(live + 1) > deadline - now) break;
      ++live;
    }
    tasks->push_back(&task);
    task.taken_ = true;
    Unlink(queue, task);
  }
  return live;
}

void Executor::Append(GroupQueue& queue, Task& task) {
  task.previous_ = queue.last;
  task.next_ = nullptr;
  task.waiting_ = true;
  (queue.last ? queue.last->next_ : queue.first) = &task;
  queue.last = &task;
  ++queue.size;
  ++waiting_;
}

void Executor::Unlink(GroupQueue& queue, Task& task) {
  (task.previous_ ? task.previous_->next_ : queue.first) = task.next_;
  (task.next_ ? task.next_->previous_ : queue.last) = task.previous_;
  task.waiting_ = false;
  --queue.size;
  --waiting_;
}

Task* Executor::TakeSince(Time limit) {
  Task* taken = nullptr;
  Task** end = &taken;
  for (auto it = queues_.begin(); it != queues_.end();) {
    GroupQueue& queue = it->second;
    while (queue.first && queue.first->since_ <= limit) {
      Task* task = queue.first;
      Unlink(queue, *task);
      task->next_ = nullptr;
      *end = task;
      end = &task->next_;
    }
    // An empty queue is kept for a while, because it may be used again.
    const bool empty = it->first != nullptr && !queue.first && queue.running == 0;
    it = empty ? queues_.erase(it) : std::next(it);
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
