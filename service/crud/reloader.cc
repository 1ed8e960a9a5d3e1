#include "crud/reloader.h"

#include <chrono>
#include <utility>

#include "spdlog/spdlog.h"

namespace protogres::crud {
namespace {

// The least time between two loads, however many are asked for, and the time
// between attempts while there is no Api.
constexpr std::chrono::milliseconds kInterval{1000};

}  // namespace

Reloader::Reloader(db::Pool& pool, LoadOptions options, const Limits& limits, bool loaded, Publish publish)
    : pool_(pool),
      options_(std::move(options)),
      limits_(limits),
      publish_(std::move(publish)),
      loaded_(loaded),
      thread_([this] { Loop(); }) {}

Reloader::~Reloader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Reloader::Request(const std::string& cause) {
  {
    const std::lock_guard lock(mutex_);
    if (!cause_.empty()) return;
    cause_ = cause;
  }
  wake_.notify_all();
}

void Reloader::Loop() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (loaded_) {
      wake_.wait(lock, [this] { return stop_ || !cause_.empty(); });
      if (stop_) return;
    }
    const std::string cause = std::exchange(cause_, "");
    lock.unlock();
    Load(cause);
    lock.lock();
    wake_.wait_for(lock, kInterval, [this] { return stop_; });
  }
}

void Reloader::Load(const std::string& cause) {
  if (!loaded_ && !pool_.available()) return;
  auto api = LoadApi(pool_, options_, limits_);
  if (!api.ok()) {
    spdlog::error("{}: {}", loaded_ ? "reload failed, the API stays as it was" : "the catalog cannot be read yet",
                  std::string(api.status().message()));
    return;
  }
  spdlog::info("{}: {} tables, {} methods", loaded_ ? "reloaded on " + cause : "loaded",
               (*api)->contract().tables.size(), (*api)->contract().methods.size());
  loaded_ = true;
  publish_(*std::move(api));
}

}  // namespace protogres::crud
