#include "api/reloader.h"

#include <algorithm>
#include <utility>

#include "metrics/counts.h"
#include "spdlog/spdlog.h"

namespace protogres::api {
namespace {

using std::chrono::milliseconds;

// Between two loads, however many are asked for: so many times what the last one took, since reading the catalog of
// thousands of tables is work for the server, and calls wait for that of a few.
constexpr int kPauses = 4;
constexpr milliseconds kShortestPause{50};
constexpr milliseconds kLongestPause{1000};
// Between attempts after one that failed: doubled from the first to the last.
constexpr milliseconds kFirstBackoff{250};
constexpr milliseconds kLastBackoff{15000};
// Without an Api nobody is served: the attempts go on at short intervals.
constexpr milliseconds kUnloadedBackoff{1000};
// A load that lasts longer has lost its connection without hearing of it, or waits for a lock.
constexpr std::chrono::seconds kLongestLoad{30};

}  // namespace

Reloader::Reloader(db::Pool& pool, LoadOptions options, const crud::Limits& limits, bool loaded, Publish publish,
                   Over over)
    : pool_(pool),
      options_(std::move(options)),
      limits_(limits),
      publish_(std::move(publish)),
      over_(std::move(over)),
      loaded_(loaded),
      thread_([this] { Loop(); }) {}

Reloader::~Reloader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    if (running_) running_->Cancel();
  }
  wake_.notify_all();
  thread_.join();
}

std::uint64_t Reloader::Request(const std::string& cause) {
  std::uint64_t load = 0;
  {
    const std::lock_guard lock(mutex_);
    if (cause_.empty()) cause_ = cause;
    if (running_ && Clock::now() - since_ > kLongestLoad) running_->Cancel();
    load = begun_ + 1;
  }
  wake_.notify_all();
  return load;
}

void Reloader::Hurry() {
  {
    const std::lock_guard lock(mutex_);
    hurry_ = true;
  }
  wake_.notify_all();
}

void Reloader::Loop() {
  milliseconds backoff{0};
  std::unique_lock lock(mutex_);
  bool again = !loaded_;
  while (!stop_) {
    const auto due = [this] { return stop_ || hurry_ || !cause_.empty(); };
    if (again) {
      wake_.wait_for(lock, backoff, due);
    } else {
      wake_.wait(lock, [this] { return stop_ || !cause_.empty(); });
    }
    if (stop_) return;
    hurry_ = false;
    const std::string cause = std::exchange(cause_, "");
    const std::uint64_t number = ++begun_;
    running_ = std::make_shared<db::Cancellation>();
    since_ = Clock::now();
    const auto cancellation = running_;
    lock.unlock();
    again = !Load(cause.empty() ? "a load that failed" : cause, *cancellation);
    if (over_) over_(number);
    const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - since_);
    lock.lock();
    running_ = nullptr;
    const milliseconds longest = loaded_ ? kLastBackoff : kUnloadedBackoff;
    backoff = again ? std::clamp(backoff * 2, kFirstBackoff, longest) : milliseconds(0);
    wake_.wait_for(lock, std::clamp(took * kPauses, kShortestPause, kLongestPause), [this] { return stop_; });
  }
}

bool Reloader::Load(const std::string& cause, const db::Cancellation& cancellation) {
  auto api = LoadApi(pool_, options_, limits_, cancellation);
  if (!api.ok()) {
    metrics::Counts::OfProcess().failed_reloads.Add();
    // That the database is gone is in the log already.
    const auto level = pool_.available() ? spdlog::level::err : spdlog::level::debug;
    spdlog::log(level, "{}: {}", loaded_ ? "reload failed, the API stays as it was" : "the catalog cannot be read yet",
                std::string(api.status().message()));
    return loaded_ && !MayPass(api.status());
  }
  spdlog::info("{}: {} tables, {} methods", loaded_ ? "reloaded on " + cause : "loaded",
               (*api)->contract().tables.size(), (*api)->method_count());
  loaded_ = true;
  metrics::Counts::OfProcess().reloads.Add();
  publish_(*std::move(api));
  return true;
}

}  // namespace protogres::api
