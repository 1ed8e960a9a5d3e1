#include "serve.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "api/load.h"
#include "api/reloader.h"
#include "db/conninfo.h"
#include "db/listener.h"
#include "exporter/exporter.h"
#include "fmt/format.h"
#include "log/log.h"
#include "rpc/server.h"
#include "signals.h"
#include "spdlog/spdlog.h"
#include "status/macros.h"
#include "transaction/transaction.h"

namespace protogres {
namespace {

constexpr char kNotifyChannel[] = "protogres";
// From drain_timeout on, until the process ends.
constexpr std::chrono::milliseconds kAfterDrain{900};
// How often a signal is looked for while the server starts.
constexpr std::chrono::milliseconds kStartTick{20};
// For the last lines of the log, where somebody reads them.
constexpr std::chrono::milliseconds kLastLines{100};
// For what must not stay behind when the process ends without its threads.
constexpr std::chrono::seconds kCleanUp{20};
constexpr char kEndOfStart[] = "ending before the first load is done";

// Attempts to connect that are under way, on whatever thread.
std::atomic<int> attempts = 0;

// Ends the process in time after a drain, whatever its threads wait for then: a database that has gone silent, or a
// client that reads no more, must not hold up a restart. What is open is closed by the kernel.
class LastResort {
 public:
  explicit LastResort(std::function<void()> clean_up) : clean_up_(std::move(clean_up)) {}
  ~LastResort() {
    {
      const std::lock_guard lock(mutex_);
      disarmed_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  // Once.
  void Arm(std::chrono::milliseconds after) {
    const auto time = std::chrono::steady_clock::now() + after;
    thread_ = std::thread([this, time] {
      std::unique_lock lock(mutex_);
      if (!changed_.wait_until(lock, time, [this] { return disarmed_; })) Exit();
    });
  }

  // Nothing here waits for who reads the log.
  [[noreturn]] void Exit() {
    exiting_.lock();  // for good: of two threads the first one goes on
    spdlog::warn("some threads still wait; the process ends without them");
    if (clean_up_) CleanUp();
    ExitAtOnce(0);
  }

 private:
  void CleanUp() {
    std::promise<void> promise;
    const auto done = promise.get_future();
    std::thread([this, promise = std::move(promise)]() mutable {
      clean_up_();
      promise.set_value();
    }).detach();
    done.wait_for(kCleanUp);
  }

  const std::function<void()> clean_up_;
  std::mutex exiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool disarmed_ = false;
  std::thread thread_;
};

// The Reloader while there is one, for those who ask for reloads from threads of their own.
class Reloads {
 public:
  void Set(api::Reloader* reloader) {
    const std::lock_guard lock(mutex_);
    reloader_ = reloader;
  }
  std::uint64_t Request(const std::string& cause) {
    const std::lock_guard lock(mutex_);
    return reloader_ != nullptr ? reloader_->Request(cause) : 0;
  }
  void Hurry() {
    const std::lock_guard lock(mutex_);
    if (reloader_ != nullptr) reloader_->Hurry();
  }

 private:
  std::mutex mutex_;
  api::Reloader* reloader_ = nullptr;
};

// Waits for `result`. Returns the name of SIGINT or SIGTERM if it came before it, else null. SIGHUP means nothing yet:
// what is loaded is new.
template <typename T>
const char* AwaitStart(const std::future<T>& result) {
  while (result.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    if (const char* signal = EndIsAsked(kStartTick); signal != nullptr) return signal;
  }
  return nullptr;
}

db::ConnectionFactory Connector(const db::ConnectionOptions& options) {
  return [options] {
    ++attempts;
    auto connection = db::Connect(options);
    --attempts;
    return connection;
  };
}

db::ConnectionOptions ListenerConnection(const config::Serve& options) {
  db::ConnectionOptions connection = options.connection;
  if (options.listen_database.empty()) return connection;
  connection.database = options.listen_database;
  // Elsewhere there may be no pooler.
  connection.pooler = std::make_shared<db::Pooler>();
  return connection;
}

// An attempt to connect on a thread of its own, since it may hang for as long as --connect_timeout.
std::future<absl::Status> Probe(const db::ConnectionFactory& connect) {
  std::promise<absl::Status> promise;
  auto probed = promise.get_future();
  std::thread([connect, promise = std::move(promise)]() mutable { promise.set_value(connect().status()); }).detach();
  return probed;
}

// Ready is a server that has an Api and whose database is there.
class Readiness {
 public:
  void SetServer(rpc::Server* server) {
    Update([&] { server_ = server; });
  }
  void SetLoaded() {
    Update([&] { loaded_ = true; });
  }
  void SetAvailable(bool available) {
    Update([&] { available_ = available; });
  }

 private:
  template <typename Change>
  void Update(const Change& change) {
    const std::lock_guard lock(mutex_);
    change();
    if (server_ != nullptr) server_->SetReady(loaded_ && available_);
  }

  std::mutex mutex_;
  rpc::Server* server_ = nullptr;
  bool loaded_ = false;
  bool available_ = true;
};

crud::Limits LimitsOf(const config::Serve& options) {
  crud::Limits limits = options.limits;
  limits.max_request_bytes = options.server.max_receive_message_bytes;
  if (options.server.max_send_message_bytes >= 0) limits.max_answer_bytes = options.server.max_send_message_bytes;
  return limits;
}

api::LoadOptions WhatToLoad(const config::Serve& options) {
  api::LoadOptions load = options.api;
  load.search_path = options.connection.search_path;
  load.all_roles = load.all_roles || options.server.auth.any();
  load.fixed = {&transaction::MakeTransact, &transaction::MakeSession};
  return load;
}

// What a server consists of, in the order in which it is made.
class Serving {
 public:
  Serving(const config::Serve& options, const db::ConnectionFactory& connect, const std::function<void()>& clean_up)
      : options_(options),
        load_(WhatToLoad(options)),
        limits_(LimitsOf(options)),
        connect_(connect),
        last_resort_(clean_up),
        pool_(options.pool, connect) {
    pool_.OnAvailability([this](bool available) {
      readiness_.SetAvailable(available);
      if (available) reloads_.Hurry();
    });
  }

  ~Serving() { readiness_.SetServer(nullptr); }

  absl::Status Run() {
    RETURN_IF_ERROR(Listen());
    auto first = std::async(std::launch::async, [&] { return api::LoadApi(pool_, load_, limits_, cancellation_); });
    if (const char* signal = AwaitStart(first); signal != nullptr) {
      EndBeforeTheFirstLoad(signal);
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const bool loaded, Begin(first.get()));
    ReloadUntilTheEnd(loaded);
    return absl::OkStatus();
  }

 private:
  absl::Status Listen() {
    ASSIGN_OR_RETURN(server_, rpc::Server::Start(options_.server, pool_,
                                                 [this] { return reloads_.Request("a statement's error"); }));
    readiness_.SetServer(server_.get());
    const int port = server_->port();  // 0: of a Unix socket
    spdlog::info("listening on {}{}", options_.server.listen, port > 0 ? fmt::format(", port {}", port) : "");
    if (options_.metrics_listen.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(
        exporter_,
        exporter::Exporter::Start({.listen = options_.metrics_listen, .version = PROTOGRES_VERSION}, pool_, *server_));
    spdlog::info("metrics on {}, at the port {}", options_.metrics_listen, exporter_->port());
    return absl::OkStatus();
  }

  // Serves what the first load has given, which nobody else may keep: a reload frees it. False: there is nothing to
  // serve yet.
  absl::StatusOr<bool> Begin(const absl::StatusOr<std::shared_ptr<const api::Api>>& loaded) {
    if (loaded.ok()) {
      Publish(*loaded);
    } else if (api::MayPass(loaded.status())) {
      const std::string why(loaded.status().message());
      spdlog::warn("the database is not there yet, retrying: {}", why);
      server_->SetApi(nullptr, "the database's catalog has not been read yet: " + why);
    } else {
      return loaded.status();
    }
    return loaded.ok();
  }

  void EndBeforeTheFirstLoad(const char* signal) {
    last_resort_.Arm(options_.drain_timeout + kAfterDrain);
    spdlog::info("{}: {}", signal, kEndOfStart);
    cancellation_.Cancel();
    pool_.Close();
    server_->Drain(options_.drain_timeout);
  }

  void Publish(const std::shared_ptr<const api::Api>& api) {
    pool_.ForgetStatements();
    server_->SetApi(api);
    readiness_.SetLoaded();
    spdlog::info("serving {} tables in {} methods", api->contract().tables.size(), api->method_count());
  }

  void ReloadUntilTheEnd(bool loaded) {
    api::Reloader reloader(
        pool_, load_, limits_, loaded, [this](const std::shared_ptr<const api::Api>& api) { Publish(api); },
        [this](std::uint64_t load) { server_->Reloaded(load); });
    reloads_.Set(&reloader);
    std::unique_ptr<db::Listener> listener;
    if (options_.listen_notify) {
      listener = std::make_unique<db::Listener>(
          Connector(ListenerConnection(options_)),
          db::ListenerOptions{.channel = kNotifyChannel, .apart = !options_.listen_database.empty()},
          [&] { reloader.Request("NOTIFY"); });
    }
    const char* const signal = WaitForEnd([&] { reloader.Request("SIGHUP"); });
    last_resort_.Arm(options_.drain_timeout + kAfterDrain);
    spdlog::info("{}: draining", signal);
    const rpc::Drained drained = server_->Drain(options_.drain_timeout);
    spdlog::info(drained == rpc::Drained::kFinished ? "drained"
                                                    : "drain_timeout passed, the calls in flight were ended");
    if (drained == rpc::Drained::kStuck) last_resort_.Exit();
    reloads_.Set(nullptr);
    pool_.Close();
  }

  const config::Serve& options_;
  const api::LoadOptions load_;
  const crud::Limits limits_;
  const db::ConnectionFactory connect_;
  LastResort last_resort_;  // destroyed after all that may wait
  Readiness readiness_;
  Reloads reloads_;
  db::Pool pool_;
  db::Cancellation cancellation_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<exporter::Exporter> exporter_;
};

}  // namespace

absl::Status Serve(const config::Serve& options, const std::function<void()>& clean_up) {
  RETURN_IF_ERROR(db::Conninfo(ListenerConnection(options)).status());
  const auto connect = Connector(options.connection);
  auto probed = Probe(connect);
  if (const char* signal = AwaitStart(probed); signal != nullptr) {
    spdlog::info("{}: {}", signal, kEndOfStart);
    return absl::OkStatus();
  }
  // A server that is away may come; a wrong role or a database that does not exist will not.
  if (absl::Status probe = probed.get(); !probe.ok() && !api::MayPass(probe)) return probe;
  return Serving(options, connect, clean_up).Run();
}

void ExitAtOnce(int code) {
  log::Flush(kLastLines);
  ::_exit(code);
}

bool IsConnecting() { return attempts > 0; }

}  // namespace protogres
