#include "rpc/executor.h"

#include <fmt/format.h>

#include <algorithm>

#include "status/status.h"

namespace protogres::rpc {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kRetryFull{100};
constexpr milliseconds kRetryTimeout{1000};
// A lane whose groups all take this long (cold pages, a lock) gets another: many that wait apart are done sooner.
constexpr milliseconds kSlowGroup{5};
// The longest that what is held waits for others while there is always more to do.
constexpr milliseconds kLongestHold{2};
// Keeps the sums of times from overflowing.
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
  LaneOf(nullptr);
  for (int i = 0; i < std::max(1, options_.workers); ++i) {
    Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
    worker.thread = std::thread([this, &worker] { Work(worker); });
  }
  watch_ = std::thread([this] { Watch(); });
}

Executor::~Executor() { Stop(); }

absl::Status Executor::Submit(Task& task) {
  const void* const lane_key = task.lane();
  const auto now = Clock::now();
  Worker* called = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return status::ShuttingDown();
    // A Task that a free worker is about to take does not wait.
    if (waiting_ >= options_.queue_size + free_ && !task.taken_) return QueueFull(options_.queue_size);
    task.since_ = now;
    task.lane_ = lane_key;
    if (lane_key) task.deadline_ = task.deadline();
    Lane& lane = LaneOf(lane_key);
    if (!lane.first) lane.held = lane_key != nullptr && options_.hold;
    Append(lane, task);
    if (lane.size >= lane.limit) lane.held = false;
    if (lane.held) {
      if (!holds_.load(std::memory_order_relaxed)) {
        held_since_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
        holds_.store(true, std::memory_order_relaxed);
      }
    } else {
      called = Call(MayStart(lane_key, lane, now));
    }
  }
  if (called) called->wake.notify_one();
  return absl::OkStatus();
}

void Executor::Dispatch() {
  if (!holds_.load(std::memory_order_relaxed)) return;
  Worker* called = nullptr;
  {
    std::lock_guard lock(mutex_);
    holds_.store(false, std::memory_order_relaxed);
    for (auto& [key, lane] : lanes_) lane.held = false;
    called = CallForWaiting();
  }
  if (called) called->wake.notify_one();
}

void Executor::DispatchLate() {
  if (!holds_.load(std::memory_order_relaxed)) return;
  const Clock::duration since(held_since_.load(std::memory_order_relaxed));
  if (Clock::now().time_since_epoch() - since >= kLongestHold) Dispatch();
}

bool Executor::Remove(Task& task) {
  std::lock_guard lock(mutex_);
  if (!task.waiting_) return false;
  Unlink(LaneOf(task.lane_), task);
  return true;
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
  // They stay, joined: a Submit that was overtaken by the end may be about to wake one.
  for (auto& worker : workers_) {
    worker->wake.notify_one();
    if (worker->thread.joinable()) worker->thread.join();
  }
  if (watch_.joinable()) watch_.join();
}

void Executor::Work(Worker& worker) {
  std::vector<Task*> tasks;
  std::unique_lock lock(mutex_);
  while (Lane* lane = Await(worker, lock)) {
    const bool in_lane = lane->first->lane_ != nullptr;
    const int live = Take(*lane, &tasks);
    ++lane->running;
    const Time started = lane->started = Clock::now();
    // Submit calls nobody for a lane that could not start then, and may now.
    Worker* const another = CallForWaiting();
    lock.unlock();
    if (another) another->wake.notify_one();
    if (tasks.size() == 1) {
      tasks[0]->Run();
    } else {
      tasks[0]->MakeGroup()->Run(tasks);
    }
    lock.lock();
    --lane->running;
    if (in_lane && live > 0) {
      const Time now = Clock::now();
      lane->size_of_groups.Ran(live, now - started, now);
      lane->limit = lane->size_of_groups.Limit(now);
    }
  }
}

Executor::Lane* Executor::Await(Worker& worker, std::unique_lock<std::mutex>& lock) {
  ++free_;
  Lane* lane = nullptr;
  Time retry;
  while (!stopped_ && (lane = NextLane(&retry)) == nullptr) {
    const auto called = [&] { return stopped_ || worker.called; };
    if (watched_ || retry == Time::max()) {
      idle_.push_back(&worker);
      worker.wake.wait(lock, called);
    } else {
      watched_ = true;
      idle_.insert(idle_.begin(), &worker);  // the last to be called: another would have to watch then
      worker.wake.wait_until(lock, retry, called);
      watched_ = false;
    }
    if (!worker.called) std::erase(idle_, &worker);
    worker.called = false;
  }
  --free_;
  return stopped_ ? nullptr : lane;
}

Executor::Worker* Executor::Call(bool may_start) {
  if (idle_.empty() || (watched_ && !may_start)) return nullptr;
  Worker* const worker = idle_.back();
  idle_.pop_back();
  worker->called = true;
  return worker;
}

Executor::Worker* Executor::CallForWaiting() {
  Time retry;
  const bool may_start = NextLane(&retry) != nullptr;
  return may_start || retry != Time::max() ? Call(may_start) : nullptr;
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
    auto oldest = now;
    for (const auto& [key, lane] : lanes_) {
      if (lane.first) oldest = std::min(oldest, lane.first->since_);
    }
    stop_.wait_until(lock, oldest + timeout);
  }
}

bool Executor::MayStart(const void* key, const Lane& lane, Time now) const {
  return key == nullptr || lane.running < options_.lane_groups || lane.size >= lane.limit ||
         now - lane.started >= kSlowGroup;
}

Executor::Lane* Executor::NextLane(Time* retry) {
  *retry = Time::max();
  if (waiting_ == 0) return nullptr;
  const auto now = Clock::now();
  Lane* next = nullptr;
  for (auto& [key, lane] : lanes_) {
    if (!lane.first || lane.held) continue;
    if (!MayStart(key, lane, now)) {
      *retry = std::min(*retry, lane.started + kSlowGroup);
    } else if (!next || lane.first->since_ < next->first->since_) {
      next = &lane;
    }
  }
  return next;
}

int Executor::Take(Lane& lane, std::vector<Task*>* tasks) {
  const bool alone = lane.first->lane_ == nullptr;
  const auto most = static_cast<std::size_t>(alone ? 1 : std::max(1, options_.max_together));
  lane.limit = alone ? 1 : lane.size_of_groups.Limit(Clock::now());
  const auto now = std::chrono::system_clock::now();
  auto deadline = std::chrono::system_clock::time_point::max();
  int live = 0;
  tasks->clear();
  while (lane.first && live < lane.limit && tasks->size() < most) {
    Task& task = *lane.first;
    if (task.deadline_ > now) {
      deadline = std::min(deadline, task.deadline_);
      if (live > 0 && lane.size_of_groups.Expected(live + 1) > deadline - now) break;
      ++live;
    }
    tasks->push_back(&task);
    task.taken_ = true;
    Unlink(lane, task);
  }
  return live;
}

void Executor::Append(Lane& lane, Task& task) {
  task.previous_ = lane.last;
  task.next_ = nullptr;
  task.waiting_ = true;
  (lane.last ? lane.last->next_ : lane.first) = &task;
  lane.last = &task;
  ++lane.size;
  ++waiting_;
}

void Executor::Unlink(Lane& lane, Task& task) {
  (task.previous_ ? task.previous_->next_ : lane.first) = task.next_;
  (task.next_ ? task.next_->previous_ : lane.last) = task.previous_;
  task.waiting_ = false;
  --lane.size;
  --waiting_;
}

Task* Executor::TakeSince(Time limit) {
  Task* taken = nullptr;
  Task** end = &taken;
  for (auto it = lanes_.begin(); it != lanes_.end();) {
    Lane& lane = it->second;
    while (lane.first && lane.first->since_ <= limit) {
      Task* task = lane.first;
      Unlink(lane, *task);
      task->next_ = nullptr;
      *end = task;
      end = &task->next_;
    }
    // Empty lanes are kept for a while, to be used again.
    const bool empty = it->first != nullptr && !lane.first && lane.running == 0;
    it = empty ? lanes_.erase(it) : std::next(it);
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
