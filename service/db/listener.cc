#include "db/listener.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "spdlog/spdlog.h"
#include "status/macros.h"
#include "status/sqlstate.h"

namespace protogres::db {
namespace {

using std::chrono::milliseconds;

// How long a wait for a NOTIFY lasts before the end is looked for.
constexpr milliseconds kTick{250};
// How long the destructor waits at most.
constexpr milliseconds kFarewell{500};

}  // namespace

// Shared with the thread, which may outlive the Listener.
struct Listener::State {
  State(ConnectionFactory make, ListenerOptions given, std::function<void()> call)
      : factory(std::move(make)), options(std::move(given)), on_notify(std::move(call)) {}

  void Loop();
  // When the connection is lost, or LISTEN fails.
  absl::Status ListenUntilLost();
  void Notify();
  bool stopped() {
    std::lock_guard lock(mutex);
    return stop;
  }

  const ConnectionFactory factory;
  const ListenerOptions options;
  std::mutex mutex;
  std::condition_variable wake;
  std::function<void()> on_notify;
  bool stop = false;
  bool over = false;
  // The thread's own:
  bool again = false;  // it has tried before
  std::string said;    // the error that is in the log
  bool warned = false;
};

Listener::Listener(ConnectionFactory factory, ListenerOptions options, std::function<void()> on_notify)
    : state_(std::make_shared<State>(std::move(factory), std::move(options), std::move(on_notify))) {
  std::thread([state = state_] {
    state->Loop();
    std::lock_guard lock(state->mutex);
    state->over = true;
    state->wake.notify_all();
  }).detach();
}

Listener::~Listener() {
  std::unique_lock lock(state_->mutex);
  state_->stop = true;
  state_->on_notify = nullptr;
  state_->wake.notify_all();
  state_->wake.wait_for(lock, kFarewell, [this] { return state_->over; });
}

void Listener::State::Loop() {
  while (!stopped()) {
    const absl::Status ended = ListenUntilLost();
    const milliseconds delay = status::NeverListens(ended) ? options.refused : options.reconnect;
    // That the database is gone the Pool says.
    const bool pools = !options.apart && status::ConnectionLost(ended) && !status::NeverListens(ended);
    if (!ended.ok() && !pools && ended.message() != said) {
      said = std::string(ended.message());
      spdlog::warn("LISTEN {} failed, a NOTIFY will not reload; it is tried again every {} s: {}", options.channel,
                   std::chrono::duration<double>(delay).count(), said);
    }
    again = true;
    std::unique_lock lock(mutex);
    wake.wait_for(lock, delay, [this] { return stop; });
  }
}

absl::Status Listener::State::ListenUntilLost() {
  ASSIGN_OR_RETURN(const auto connection, factory());
  RETURN_IF_ERROR(connection->Execute("LISTEN " + options.channel, {}, false).status());
  said.clear();
  if (connection->pooled() && !std::exchange(warned, true)) {
    spdlog::warn(
        "LISTEN {} goes through a pooler: in its transaction mode a NOTIFY is not heard, and will not reload; "
        "--listen_database=CONNINFO names a way past it",
        options.channel);
  }
  if (again) Notify();
  while (!stopped()) {
    ASSIGN_OR_RETURN(const bool notified, connection->AwaitNotification(kTick));
    if (notified) Notify();
  }
  return absl::OkStatus();
}

void Listener::State::Notify() {
  std::lock_guard lock(mutex);
  if (on_notify) on_notify();
}

}  // namespace protogres::db
