// protogres: options -> objects -> run; signals.
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "api/load.h"
#include "api/reloader.h"
#include "config/config.h"
#include "config/log.h"
#include "contract/pin.h"
#include "db/listener.h"
#include "dev/postgres.h"
#include "fmt/format.h"
#include "rpc/server.h"
#include "spdlog/spdlog.h"
#include "transaction/request_log.h"
#include "transaction/transaction.h"

namespace protogres {
namespace {

constexpr int kFailure = 1;
constexpr int kWrongOption = 2;
constexpr char kNotifyChannel[] = "protogres";
// From drain_timeout on, until the process ends.
constexpr std::chrono::milliseconds kAfterDrain{900};
// How often a signal is looked for while the server starts.
constexpr std::chrono::milliseconds kStartTick{20};

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

// Each client's connection takes two descriptors, and each one to the database, too.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// A signal that came meanwhile, within `timeout`; 0: none.
int NextSignal(std::chrono::milliseconds timeout) {
  const sigset_t signals = HandledSignals();
  const timespec wait{timeout.count() / 1000, timeout.count() % 1000 * 1'000'000};
  return std::max(0, sigtimedwait(&signals, nullptr, &wait));
}

// A second signal then ends the process at once.
void Heed(int signal, const char* what) {
  spdlog::info("{}: {}", signal == SIGINT ? "SIGINT" : "SIGTERM", what);
  sigset_t signals = HandledSignals();
  sigdelset(&signals, SIGHUP);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

// Without what exit() destroys, which other threads may still use.
[[noreturn]] void ExitAtOnce(int code) {
  std::cout.flush();
  spdlog::default_logger()->flush();
  ::_exit(code);
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
    ExitAtOnce(0);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool disarmed_ = false;
  std::thread thread_;
};

// Waits for SIGINT or SIGTERM; each SIGHUP calls `on_hangup`.
void WaitForSignal(const std::function<void()>& on_hangup) {
  int signal = 0;
  while (signal == 0 || signal == SIGHUP) {
    signal = NextSignal(std::chrono::hours(1));
    if (signal == SIGHUP) on_hangup();
  }
  Heed(signal, "draining");
}

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

// Waits for `result`. False: SIGINT or SIGTERM came before it. SIGHUP means nothing yet: what is loaded is new.
template <typename T>
bool AwaitStart(const std::future<T>& result) {
  while (result.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    const int signal = NextSignal(kStartTick);
    if (signal == 0 || signal == SIGHUP) continue;
    Heed(signal, "ending before the first load is done");
    return false;
  }
  return true;
}

// Attempts to connect that are under way, on whatever thread.
std::atomic<int> attempts = 0;

db::ConnectionFactory Connector(const db::ConnectionOptions& options) {
  return [options] {
    ++attempts;
    auto connection = db::Connect(options);
    --attempts;
    return connection;
  };
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

int RunServe(const config::Serve& options) {
  const auto connect = Connector(options.connection);
  auto probed = Probe(connect);
  if (!AwaitStart(probed)) return 0;
  // A server that is away may come; a wrong role or a database that does not exist will not.
  if (const auto probe = probed.get(); !probe.ok() && !api::MayPass(probe)) return Fail(probe);
  LastResort last_resort;  // after all that may wait
  Readiness readiness;
  Reloads reloads;
  db::Pool pool(options.pool, connect);
  pool.OnAvailability([&readiness, &reloads](bool available) {
    readiness.SetAvailable(available);
    if (available) reloads.Hurry();
  });
  auto server = rpc::Server::Start(options.server, pool, [&reloads] { return reloads.Request("a statement's error"); });
  if (!server.ok()) return Fail(server.status());
  readiness.SetServer(server->get());
  const int port = (*server)->port();  // of a Unix socket 0
  spdlog::info("listening on {}{}", options.server.listen, port > 0 ? fmt::format(", port {}", port) : "");

  const auto publish = [&](std::shared_ptr<const api::Api> api) {
    pool.ForgetStatements();
    (*server)->SetApi(api);
    readiness.SetLoaded();
    spdlog::info("serving {} tables in {} methods", api->contract().tables.size(), api->contract().methods.size());
  };
  crud::Limits limits = options.limits;
  limits.max_request_bytes = options.server.max_receive_message_bytes;
  if (options.server.max_send_message_bytes >= 0) limits.max_answer_bytes = options.server.max_send_message_bytes;
  api::LoadOptions what = options.api;
  what.fixed = {&transaction::MakeTransact};
  db::Cancellation cancellation;
  auto first = std::async(std::launch::async, [&] { return api::LoadApi(pool, what, limits, cancellation); });
  if (!AwaitStart(first)) {
    last_resort.Arm(options.drain_timeout + kAfterDrain);
    cancellation.Cancel();
    pool.Close();
    (*server)->Drain(options.drain_timeout);
    return 0;
  }
  const auto loaded = first.get();
  if (!loaded.ok() && !api::MayPass(loaded.status())) return Fail(loaded.status());
  if (loaded.ok()) {
    publish(*loaded);
  } else {
    const std::string why(loaded.status().message());
    spdlog::warn("the database is not there yet, retrying: {}", why);
    (*server)->SetApi(nullptr, "the database's catalog has not been read yet: " + why);
  }

  {
    api::Reloader running(pool, what, limits, loaded.ok(), publish,
                          [&](std::uint64_t load) { (*server)->Reloaded(load); });
    reloads.Set(&running);
    std::unique_ptr<db::Listener> listener;
    if (options.listen_notify) {
      listener = std::make_unique<db::Listener>(connect, db::ListenerOptions{.channel = kNotifyChannel},
                                                [&] { running.Request("NOTIFY"); });
    }
    WaitForSignal([&] { running.Request("SIGHUP"); });
    last_resort.Arm(options.drain_timeout + kAfterDrain);
    const rpc::Drained drained = (*server)->Drain(options.drain_timeout);
    spdlog::info(drained == rpc::Drained::kFinished ? "drained"
                                                    : "drain_timeout passed, the calls in flight were ended");
    if (drained == rpc::Drained::kStuck) LastResort::Exit();
    reloads.Set(nullptr);
    pool.Close();
  }
  readiness.SetServer(nullptr);
  server->reset();
  return 0;
}

absl::Status Install(const db::ConnectionOptions& connection, const std::string& role) {
  db::Pool pool({.pool_size = 1, .max_overflow = 0}, [connection] { return db::Connect(connection); });
  return transaction::Install(pool, role);
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
  api::LoadOptions load = options.api;
  load.named_as = options.check;
  const auto contract = api::LoadContract(pool, load);
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
  protogres::RaiseDescriptorLimit();
  const int code = std::visit([](const auto& chosen) { return protogres::Run(chosen); }, command);
  // An attempt to connect may hang, on a thread that nobody waits for.
  if (protogres::attempts > 0) protogres::ExitAtOnce(code);
  return code;
}
