// protogres: the commands, from their options to the exit code.
#include <sys/resource.h>

#include <chrono>
#include <iostream>
#include <string>
#include <variant>

#include "absl/synchronization/mutex.h"
#include "api/load.h"
#include "config/config.h"
#include "contract/pin.h"
#include "db/pool.h"
#include "dev/postgres.h"
#include "log/log.h"
#include "serve.h"
#include "signals.h"
#include "spdlog/spdlog.h"
#include "transaction/request_log.h"

namespace protogres {
namespace {

constexpr int kFailure = 1;
constexpr int kWrongOption = 2;
// What the last lines of the log have, where nobody seems to read.
constexpr std::chrono::seconds kLastLines{1};

void SetUpLog(const config::Log& log) {
  log::SetUp({.level = log.level, .json = log.format == config::LogFormat::kJson});
}

int Fail(const absl::Status& status) {
  log::WriteText("protogres: " + std::string(status.message()) + "\n");
  return absl::IsInvalidArgument(status) ? kWrongOption : kFailure;
}

int CodeOf(const absl::Status& served) { return served.ok() ? 0 : Fail(served); }

// Each client's connection takes two descriptors, and each one to the database, too.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

absl::Status Install(const db::ConnectionOptions& connection, const std::string& role) {
  db::Pool pool({.pool_size = 1, .max_overflow = 0}, [connection] { return db::Connect(connection); });
  return transaction::Install(pool, role);
}

int Run(const config::Serve& options) {
  SetUpLog(options.log);
  return CodeOf(Serve(options));
}

int Run(const config::Dev& options) {
  SetUpLog(options.serve.log);
  auto postgres = dev::Postgres::Start(
      {.data = options.data, .database = options.database, .bin = options.postgres_bin, .settings = {}});
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
  // A cluster that is kept is shut down cleanly.
  return CodeOf(Serve(serve, [&] {
    (*postgres)->Stop(!options.data.empty());
    postgres->reset();
  }));
}

int Run(const config::ContractCommand& options) {
  SetUpLog(options.log);
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
    const auto written = contract::Write(*contract, options.out);
    if (!written.ok()) return Fail(written.status());
    std::cout << *written << " files written to " << options.out << "\n";
  }
  return 0;
}

int Run(const config::InstallCommand& options) {
  SetUpLog(options.log);
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
  const bool ends_at_once = protogres::IsConnecting();
  protogres::log::Flush(protogres::kLastLines);
  if (ends_at_once) protogres::ExitAtOnce(code);
  return code;
}
