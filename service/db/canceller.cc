#include "db/canceller.h"

#include <algorithm>
#include <utility>

namespace protogres::db {
namespace {

constexpr std::chrono::milliseconds kFirstDelay{20};
constexpr std::chrono::milliseconds kLongestDelay{1000};

}  // namespace

bool CancellableRun::Begin(Connection& connection) {
  std::lock_guard lock(mutex_);
  if (cancelled_) return false;
  running_ = &connection;
  sent_ = false;
  return true;
}

bool CancellableRun::End() {
  std::unique_lock lock(mutex_);
  running_ = nullptr;
  sent_done_.wait(lock, [this] { return !sending_; });
  return sent_;
}

bool CancellableRun::Cancel() {
  std::lock_guard lock(mutex_);
  if (cancelled_) return false;
  cancelled_ = true;
  return running_ != nullptr;
}

bool CancellableRun::cancelled() const {
  std::lock_guard lock(mutex_);
  return cancelled_;
}

bool CancellableRun::Send() {
  Connection* connection = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (running_ == nullptr) return false;
    connection = running_;
    sending_ = true;
    sent_ = true;
  }
  // End waits, so the connection lives.
  connection->Cancel();
  std::lock_guard lock(mutex_);
  sending_ = false;
  sent_done_.notify_all();
  return true;
}

Canceller& Canceller::Get() {
  static Canceller canceller;
  return canceller;
}

Canceller::Canceller() : thread_([this] { Loop(); }) {}

Canceller::~Canceller() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Canceller::Add(std::shared_ptr<CancellableRun> run) {
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(run), Clock::now(), kFirstDelay});
  }
  wake_.notify_one();
}

void Canceller::Loop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto first =
        std::min_element(jobs_.begin(), jobs_.end(), [](const Job& a, const Job& b) { return a.next < b.next; });
    if (first == jobs_.end()) {
      wake_.wait(lock);
      continue;
    }
    if (first->next > Clock::now()) {
      wake_.wait_until(lock, Clock::time_point(first->next));
      continue;
    }
    Job job = std::move(*first);
    jobs_.erase(first);
    lock.unlock();
    const bool still_runs = job.run->Send();
    lock.lock();
    if (!still_runs) continue;
    job.next = Clock::now() + job.delay;
    job.delay = std::min(job.delay * 2, kLongestDelay);
    jobs_.push_back(std::move(job));
  }
}

}  // namespace protogres::db
