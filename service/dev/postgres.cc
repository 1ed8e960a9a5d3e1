#include "dev/postgres.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <locale.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>
#include <utility>

#include "dev/install.h"
#include "dev/process.h"
#include "dev/run_directory.h"
#include "text/quote.h"

namespace protogres::dev {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// A cluster that was kept, and not shut down cleanly, has to recover first.
constexpr std::chrono::seconds kStartTimeout{120};
constexpr std::chrono::seconds kStopTimeout{20};
constexpr std::chrono::milliseconds kPoll{10};
constexpr char kRole[] = "postgres";
constexpr char kAccess[] = "local all all trust\n";
constexpr char kThrowAway[] = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n";

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

absl::Status Prefixed(const std::string& prefix, const absl::Status& status) {
  return {status.code(), fmt::format("{}: {}", prefix, std::string(status.message()))};
}

// The user that the server runs as if this process is root, because PostgreSQL refuses to run as root: the owner of a
// cluster that is there already, or an unprivileged user.
std::optional<User> ServerUser(const std::string& data) {
  if (geteuid() != 0) return std::nullopt;
  struct stat status;
  if (!data.empty() && stat(data.c_str(), &status) == 0 && status.st_uid != 0)
    return User{status.st_uid, status.st_gid};
  for (const char* name : {"postgres", "nobody"}) {
    if (const passwd* entry = getpwnam(name)) return User{entry->pw_uid, entry->pw_gid};
  }
  return User{65534, 65534};
}

bool HasLocale(const char* name) {
  const locale_t found = newlocale(LC_ALL_MASK, name, nullptr);
  if (found == locale_t{}) return false;
  freelocale(found);
  return true;
}

absl::Status CheckName(const std::string& database) {
  const bool good = !database.empty() && database.size() < 64 &&
                    std::all_of(database.begin(), database.end(),
                                [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; });
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("'{}' cannot be the name of the database, which must be 1 to 63 letters, digits and _", database));
}

}  // namespace

struct Postgres::State {
  std::string bin;
  std::string data;
  std::string database;
  std::optional<User> user;
  std::unique_ptr<RunDirectory> run;
  bool created = false;
  pid_t pid = -1;

  std::string Uri(const std::string& name) const {
    // An empty hostaddr, so that PGHOSTADDR does not lead elsewhere.
    return fmt::format("host={} hostaddr='' port=5432 user={} dbname={}", text::QuoteSetting(run->path()), kRole, name);
  }

  absl::Status MakeCluster() const;
  absl::Status Launch();
  // Blocks until the server takes connections.
  absl::Status AwaitReady();
  absl::Status CreateDatabase() const;
  // Waits for the server's end; false: it still runs after `timeout`.
  bool AwaitEnd(std::chrono::milliseconds timeout);
  void End(bool fast);

  absl::StatusOr<std::string> Psql(const std::string& name, std::vector<std::string> args, std::string* out) const {
    const std::string own = bin + "/psql";
    std::vector<std::string> all = {
        access(own.c_str(), X_OK) == 0 ? own : "psql", "-X", "-q", "-d", Uri(name), "-v", "ON_ERROR_STOP=1"};
    std::move(args.begin(), args.end(), std::back_inserter(all));
    return Run({.args = std::move(all)}, out);
  }
};

absl::Status Postgres::State::MakeCluster() const {
  std::error_code error;
  fs::create_directories(data, error);
  if (error) return absl::InvalidArgumentError(fmt::format("cannot make {}: {}", data, error.message()));
  if (!fs::is_empty(data, error)) {
    return absl::InvalidArgumentError(
        error ? fmt::format("cannot read {}: {}", data, error.message())
              : fmt::format("{} is neither empty nor a PostgreSQL data directory (it has no PG_VERSION)", data));
  }
  if (user && chown(data.c_str(), user->uid, user->gid) != 0) {
    return absl::InternalError(fmt::format("cannot give {} to the server's user: {}", data, strerror(errno)));
  }
  const auto made = Run({.args = {bin + "/initdb", "-D", data, "-A", "trust", "-U", kRole, "-E", "UTF8",
                                  HasLocale("C.UTF-8") ? "--locale=C.UTF-8" : "--locale=C", "--no-sync"},
                         .user = user,
                         .directory = "/"});
  return made.ok() ? absl::OkStatus() : Prefixed("initdb of " + data + " failed", made.status());
}

absl::Status Postgres::State::Launch() {
  const std::string log_path = run->File("log");
  const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (log < 0) return absl::InternalError(fmt::format("cannot make {}: {}", log_path, strerror(errno)));
  std::vector<std::string> args = {bin + "/postgres", "-D", data};
  for (const std::string& setting :
       {"config_file=" + run->File("postgresql.conf"), "hba_file=" + run->File("pg_hba.conf"),
        std::string("listen_addresses="), "unix_socket_directories=\"" + run->path() + "\"", std::string("port=5432"),
        std::string("logging_collector=off"), std::string("log_destination=stderr")}) {
    args.insert(args.end(), {"-c", setting});
  }
  const auto started =
      Spawn({.args = std::move(args), .user = user, .directory = "/", .out = log, .err = log, .own_group = true});
  close(log);
  if (!started.ok()) return started.status();
  pid = *started;
  return AwaitReady();
}

absl::Status Postgres::State::AwaitReady() {
  const auto deadline = Clock::now() + kStartTimeout;
  const std::string prefix = fmt::format("PostgreSQL of {} does not start", bin);
  while (Clock::now() < deadline) {
    // Line 1 of postmaster.pid is the process, line 8 its state (PostgreSQL's src/include/utils/pidfile.h).
    std::istringstream lines(ReadFile(data + "/postmaster.pid"));
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
      if (number == 1 && line != std::to_string(pid)) break;
      if (number == 8 && line.rfind("ready", 0) == 0) return absl::OkStatus();
    }
    if (AwaitEnd(kPoll)) return absl::InternalError(fmt::format("{}: {}", prefix, Tail(ReadFile(run->File("log")))));
  }
  End(false);
  return absl::DeadlineExceededError(
      fmt::format("{} within {} s: {}", prefix, kStartTimeout.count(), Tail(ReadFile(run->File("log")))));
}

absl::Status Postgres::State::CreateDatabase() const {
  if (!created) {
    std::string found;
    const auto asked =
        Psql("postgres", {"-A", "-t", "-c", fmt::format("SELECT 1 FROM pg_database WHERE datname = '{}'", database)},
             &found);
    if (!asked.ok()) return Prefixed("the cluster in " + data + " cannot be used", asked.status());
    if (!found.empty()) return absl::OkStatus();
  }
  const auto made = Psql("postgres", {"-c", fmt::format("CREATE DATABASE \"{}\"", database)}, nullptr);
  return made.ok() ? absl::OkStatus() : Prefixed("cannot create the database " + database, made.status());
}

bool Postgres::State::AwaitEnd(std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  while (pid > 0) {
    int status = 0;
    const pid_t ended = waitpid(pid, &status, WNOHANG);
    if (ended == pid || (ended < 0 && errno == ECHILD)) {
      pid = -1;
    } else if (Clock::now() >= deadline) {
      return false;
    } else {
      std::this_thread::sleep_for(std::min<std::chrono::milliseconds>(kPoll, timeout));
    }
  }
  return true;
}

void Postgres::State::End(bool fast) {
  if (pid <= 0) return;
  // PostgreSQL manual, chapter "Shutting Down the Server".
  if (fast) {
    kill(pid, SIGINT);
    if (AwaitEnd(kStopTimeout)) return;
  }
  kill(pid, SIGQUIT);
  if (AwaitEnd(kStopTimeout)) return;
  kill(-pid, SIGKILL);
  AwaitEnd(kStopTimeout);
}

Postgres::Postgres(std::unique_ptr<State> state) : state_(std::move(state)) {}

Postgres::~Postgres() { state_->End(true); }

absl::StatusOr<std::unique_ptr<Postgres>> Postgres::Start(const PostgresOptions& options) {
  if (absl::Status good = CheckName(options.database); !good.ok()) return good;
  auto state = std::make_unique<State>();
  state->database = options.database;
  const bool kept = !options.data.empty();
  if (kept) state->data = fs::absolute(options.data).lexically_normal().string();
  const std::string version = kept ? Tail(ReadFile(state->data + "/PG_VERSION")) : "";
  auto bin = FindServer(options.bin, version);
  if (!bin.ok()) return bin.status();
  state->bin = *bin;
  state->user = ServerUser(state->data);
  auto run = RunDirectory::Make(state->user);
  if (!run.ok()) return run.status();
  state->run = *std::move(run);
  if (!kept) state->data = state->run->File("data");

  state->created = version.empty();
  if (state->created) {
    if (absl::Status made = state->MakeCluster(); !made.ok()) return made;
  }
  std::string settings = kept ? "" : kThrowAway;
  for (const std::string& line : options.settings) settings += line + "\n";
  const std::string config =
      fmt::format("include_if_exists {}\n{}", text::QuoteSetting(state->data + "/postgresql.conf"), settings);
  for (const auto& [name, text] :
       {std::pair{"postgresql.conf", config}, std::pair{"pg_hba.conf", std::string(kAccess)}}) {
    if (absl::Status written = state->run->Write(name, text); !written.ok()) return written;
  }

  // From here on the destructor stops the server.
  std::unique_ptr<Postgres> postgres(new Postgres(std::move(state)));
  if (absl::Status ready = postgres->state_->Launch(); !ready.ok()) return ready;
  if (absl::Status made = postgres->state_->CreateDatabase(); !made.ok()) return made;
  return postgres;
}

absl::Status Postgres::Load(const std::string& file) {
  if (access(file.c_str(), R_OK) != 0) {
    return absl::NotFoundError(fmt::format("cannot read {}: {}", file, strerror(errno)));
  }
  // psql runs as the user of this process, as the server's user may not be able to read the file.
  const auto loaded = state_->Psql(state_->database, {"-f", fs::absolute(file).string()}, nullptr);
  if (loaded.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("cannot load {}: {}", file, std::string(loaded.status().message())));
}

void Postgres::Stop(bool fast) { state_->End(fast); }

absl::Status Postgres::StartAgain() {
  state_->End(true);
  return state_->Launch();
}

std::string Postgres::uri() const { return state_->Uri(state_->database); }

bool Postgres::created() const { return state_->created; }

}  // namespace protogres::dev
