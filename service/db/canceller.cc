#include "db/canceller.h"

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>

namespace protogres::db {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstDelay{20};
constexpr milliseconds kLongestDelay{1000};
// If so many requests get no answer, another would get none either.
constexpr int kMostSenders = 16;

}  // namespace

// --- CancellableRun

bool CancellableRun::Begin(std::shared_ptr<Stopper> stopper) {
  std::lock_guard lock(mutex_);
  if (cancelled_) return false;
  running_ = std::move(stopper);
  touched_ = false;
  return true;
}

CancellableRun::Ended CancellableRun::End() {
  std::unique_lock lock(mutex_);
  const std::shared_ptr<Stopper> ran = std::exchange(running_, nullptr);
  // A connection that was given up runs nothing more that a request could hit.
  if (!shut_ && asking_ && !asked_.wait_for(lock, ran->patience(), [this] { return !asking_; })) {
    return Ended::kUncertain;
  }
  return touched_ ? Ended::kAsked : Ended::kUntouched;
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

milliseconds CancellableRun::Patience() const {
  std::lock_guard lock(mutex_);
  return running_ != nullptr ? running_->patience() : milliseconds(0);
}

std::shared_ptr<Stopper> CancellableRun::Ask() {
  std::lock_guard lock(mutex_);
  if (running_ == nullptr) return nullptr;
  asking_ = true;
  touched_ = true;
  return running_;
}

void CancellableRun::Asked() {
  std::lock_guard lock(mutex_);
  asking_ = false;
  asked_.notify_all();
}

void CancellableRun::Shut() {
  std::lock_guard lock(mutex_);
  if (running_ == nullptr) return;
  shut_ = true;
  running_->Shut();
}

// --- Canceller

Canceller& Canceller::Get() {
  // Never destroyed: a request that gets no answer must not hold up the end of the process.
  static Canceller& canceller = *new Canceller;
  return canceller;
}

Canceller::Canceller() {
  std::thread([this] { Loop(); }).detach();
}

void Canceller::Add(std::shared_ptr<CancellableRun> run) {
  const auto now = Clock::now();
  const auto patience = run->Patience();
  std::lock_guard lock(mutex_);
  jobs_.push_back(std::make_shared<Job>(Job{std::move(run), now, now + patience, kFirstDelay}));
  wake_.notify_one();
}

void Canceller::Loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    auto wake = Clock::time_point::max();
    std::erase_if(jobs_, [&](const auto& job) { return !Look(job, &wake); });
    if (jobs_.empty()) {
      wake_.wait(lock);
    } else {
      wake_.wait_until(lock, wake);
    }
  }
}

bool Canceller::Look(const std::shared_ptr<Job>& job, Clock::time_point* wake) {
  if (job->run->Patience() == milliseconds(0)) return false;
  const auto now = Clock::now();
  if (now >= job->give_up) {
    job->run->Shut();
    return false;
  }
  if (!job->asking && now >= job->next) {
    job->asking = true;
    requests_.push_back(job);
    StartSender();
  }
  *wake = std::min({*wake, job->give_up, job->asking ? job->give_up : job->next});
  return true;
}

void Canceller::StartSender() {
  if (senders_ == kMostSenders) return;
  try {
    std::thread([this] { SendRequests(); }).detach();
    ++senders_;
  } catch (const std::system_error&) {
    // No thread can be started. Another sender takes the request, or the statement is given up.
  }
}

void Canceller::SendRequests() {
  std::unique_lock lock(mutex_);
  while (!requests_.empty()) {
    const std::shared_ptr<Job> job = std::move(requests_.front());
    requests_.pop_front();
    lock.unlock();
    if (const std::shared_ptr<Stopper> stopper = job->run->Ask()) {
      stopper->Ask();
      job->run->Asked();
    }
    lock.lock();
    job->asking = false;
    job->next = Clock::now() + job->delay;
    job->delay = std::min(job->delay * 2, kLongestDelay);
    wake_.notify_one();
  }
  --senders_;
}

}  // namespace protogres::db
