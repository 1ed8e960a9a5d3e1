// protogres: options -> objects -> run; signals.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "config/config.h"
#include "config/log.h"
#include "contract/pin.h"
#include "crud/load.h"
#include "crud/reloader.h"
#include "crud/request_log.h"
#include "db/listener.h"
#include "dev/postgres.h"
#include "fmt/format.h"
#include "rpc/server.h"
#include "spdlog/spdlog.h"

namespace protogres {
namespace {

constexpr int kFailure = 1;
constexpr int kWrongOption = 2;
constexpr char kNotifyChannel[] = "protogres";
// From drain_timeout on, until the process ends.
constexpr std::chrono::milliseconds kAfterDrain{900};

int Fail(const absl::Status& status) {
  std::cerr << "protogres: " << status.message() << "\n";
  return absl::IsInvalidArgument(status) ? kWrongOption : kFailure;
}

sigset_t HandledSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

// Signals are taken by sigwait alone, so that no code runs in a handler. Before any thread is started.
void BlockSignals() {
  const sigset_t signals = HandledSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

// Waits for SIGINT or SIGTERM; each SIGHUP calls `on_hangup`. A second signal
// then ends the process at once.
void WaitForSignal(const std::function<void()>& on_hangup) {
  const sigset_t signals = HandledSignals();
  int signal = SIGHUP;
  while (true) {
    sigwait(&signals, &signal);
    if (signal != SIGHUP) break;
    on_hangup();
  }
  spdlog::info("{}: draining", signal == SIGINT ? "SIGINT" : "SIGTERM");
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

// Ends the process in time after a drain, whatever its threads wait for then: a database that has gone silent, or a
// client that reads no more, must not hold up a restart. What is open is closed by the kernel.
class LastResort {
 public:
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

  [[noreturn]] static void Exit() {
    spdlog::warn("some threads still wait; the process ends without them");
    spdlog::default_logger()->flush();
    ::_exit(0);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool disarmed_ = false;
  std::thread thread_;
};

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

bool CanComeLater(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status) || absl::IsDeadlineExceeded(status);
}

int RunServe(const config::Serve& options) {
  const auto connect = [connection = options.connection] { return db::Connect(connection); };
  // A server that is away may come; a wrong role or a database that does not exist will not.
  if (const auto probe = connect(); !probe.ok() && !CanComeLater(probe.status())) return Fail(probe.status());
  LastResort last_resort;  // after all that may wait
  Readiness readiness;
  db::Pool pool(options.pool, connect);
  pool.OnAvailability([&readiness](bool available) { readiness.SetAvailable(available); });
  std::atomic<crud::Reloader*> reloader = nullptr;
  auto server = rpc::Server::Start(options.server, pool, [&reloader] {
    if (auto* running = reloader.load()) running->Request("a statement's error");
  });
  if (!server.ok()) return Fail(server.status());
  readiness.SetServer(server->get());
  const int port = (*server)->port();  // of a Unix socket 0
  spdlog::info("listening on {}{}", options.server.listen, port > 0 ? fmt::format(", port {}", port) : "");

  const auto publish = [&](std::shared_ptr<const crud::Api> api) {
    (*server)->SetApi(api);
    readiness.SetLoaded();
    spdlog::info("serving {} tables in {} methods", api->contract().tables.size(), api->contract().methods.size());
  };
  auto first = crud::LoadApi(pool, options.api, options.limits);
  if (!first.ok() && !CanComeLater(first.status())) return Fail(first.status());
  if (first.ok()) {
    publish(*first);
  } else {
    const std::string why(first.status().message());
    spdlog::warn("the database is not there yet, retrying: {}", why);
    (*server)->SetApi(nullptr, "the database's catalog has not been read yet: " + why);
  }

  {
    crud::Reloader running(pool, options.api, options.limits, first.ok(), publish);
    reloader = &running;
    std::unique_ptr<db::Listener> listener;
    if (options.listen_notify) {
      listener = std::make_unique<db::Listener>(connect, kNotifyChannel, [&] { running.Request("NOTIFY"); });
    }
    WaitForSignal([&] { running.Request("SIGHUP"); });
    reloader = nullptr;
    last_resort.Arm(options.drain_timeout + kAfterDrain);
    const rpc::Drained drained = (*server)->Drain(options.drain_timeout);
    spdlog::info(drained == rpc::Drained::kFinished ? "drained"
                                                    : "drain_timeout passed, the calls in flight were ended");
    if (drained == rpc::Drained::kStuck) LastResort::Exit();
  }
  readiness.SetServer(nullptr);
  server->reset();
  return 0;
}

absl::Status Install(const db::ConnectionOptions& connection, const std::string& role) {
  db::Pool pool({.pool_size = 1, .max_overflow = 0}, [connection] { return db::Connect(connection); });
  return crud::Install(pool, role);
}

int Run(const config::Serve& options) {
  config::SetUpLog(options.log);
  return RunServe(options);
}

int Run(const config::Dev& options) {
  config::SetUpLog(options.serve.log);
  auto postgres = dev::Postgres::Start({.data = options.data, .database = options.database, .settings = {}});
  if (!postgres.ok()) return Fail(postgres.status());
  if ((*postgres)->created()) {
    for (const std::string& file : options.files) {
      if (auto loaded = (*postgres)->Load(file); !loaded.ok()) return Fail(loaded);
    }
  } else if (!options.files.empty()) {
    spdlog::info("{} holds a database already; the files are not loaded again", options.data);
  }
  config::Serve serve = options.serve;
  serve.connection.database = (*postgres)->uri();
  if (auto installed = Install(serve.connection, ""); !installed.ok()) return Fail(installed);
  spdlog::info("private PostgreSQL: psql \"{}\"", serve.connection.database);
  return RunServe(serve);
}

int Run(const config::ContractCommand& options) {
  config::SetUpLog(options.log);
  db::Pool pool({.pool_size = 1, .max_overflow = 0},
                [connection = options.connection] { return db::Connect(connection); });
  const auto contract = crud::LoadContract(pool, options.api);
  if (!contract.ok()) return Fail(contract.status());
  for (const std::string& warning : contract->warnings) spdlog::warn("{}", warning);
  if (!options.check.empty()) {
    const auto files = contract::ReadFiles(options.check);
    if (!files.ok()) return Fail(files.status());
    const auto differences = contract::Compare(*files, *contract);
    for (const std::string& difference : differences) std::cout << difference << "\n";
    if (!differences.empty()) return kFailure;
  }
  if (!options.out.empty()) {
    if (auto written = contract::Write(*contract, options.out); !written.ok()) return Fail(written);
    std::cout << contract->files.file_size() + 1 << " files written to " << options.out << "\n";
  }
  return 0;
}

int Run(const config::InstallCommand& options) {
  config::SetUpLog(options.log);
  if (auto installed = Install(options.connection, options.role); !installed.ok()) return Fail(installed);
  std::cout << "the table protogres.request is there: requests may have a request_id\n";
  return 0;
}

int Run(const config::Exit& exit) {
  (exit.code == 0 ? std::cout : std::cerr) << exit.text;
  return exit.code;
}

}  // namespace
}  // namespace protogres

int main(int argc, char** argv) {
  // Debian builds Abseil, and with it gRPC's locks, with this check on.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const auto command = protogres::config::Parse(argc, argv);
  protogres::BlockSignals();
  return std::visit([](const auto& chosen) { return protogres::Run(chosen); }, command);
}
