#include "db/listener.h"

#include <chrono>
#include <utility>

#include "spdlog/spdlog.h"

namespace protogres::db {
namespace {

// How long the destructor waits at most for a wait to end.
constexpr std::chrono::milliseconds kTick{250};
constexpr int kTicksBetweenAttempts = 8;

}  // namespace

Listener::Listener(ConnectionFactory factory, std::string channel, std::function<void()> on_notify)
    : factory_(std::move(factory)),
      channel_(std::move(channel)),
      on_notify_(std::move(on_notify)),
      thread_([this] { Loop(); }) {}

Listener::~Listener() {
  stop_ = true;
  thread_.join();
}

void Listener::Loop() {
  for (bool again = false; !stop_; again = true) {
    ListenUntilLost(again);
    for (int tick = 0; tick < kTicksBetweenAttempts && !stop_; ++tick) std::this_thread::sleep_for(kTick);
  }
}

void Listener::ListenUntilLost(bool again) {
  auto connection = factory_();
  if (!connection.ok()) return;
  if (auto listening = (*connection)->Execute("LISTEN " + channel_, {}, false); !listening.ok()) {
    spdlog::warn("LISTEN {} failed, a NOTIFY will not reload: {}", channel_, std::string(listening.status().message()));
    return;
  }
  if (again) on_notify_();
  while (!stop_) {
    const auto notified = (*connection)->AwaitNotification(kTick);
    if (!notified.ok()) return;
    if (*notified) on_notify_();
  }
}

}  // namespace protogres::db
