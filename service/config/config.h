// The command line and the environment -> plain structs. Each option is
// --name=value, or PROTOGRES_NAME in the environment; a flag wins.
#ifndef PROTOGRES_SERVICE_CONFIG_CONFIG_H_
#define PROTOGRES_SERVICE_CONFIG_CONFIG_H_

#include <chrono>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "api/load.h"
#include "crud/method.h"
#include "db/connection.h"
#include "db/pool.h"
#include "rpc/server.h"

namespace protogres::config {

enum class LogFormat { kText, kJson };

struct Log {
  std::string level = "info";  // trace, debug, info, warn, error, off
  LogFormat format = LogFormat::kText;
};

using ApiOptions = api::LoadOptions;

struct Serve {
  db::ConnectionOptions connection;
  db::PoolOptions pool;
  rpc::ServerOptions server;
  crud::Limits limits;
  ApiOptions api;
  Log log;
  // How long calls in flight may take to finish after SIGTERM.
  std::chrono::milliseconds drain_timeout{30000};
  // host:port of /metrics, /healthz and /readyz; empty: there are none.
  std::string metrics_listen;
  // LISTEN protogres on a connection of its own, and reload on NOTIFY.
  bool listen_notify = true;
  // Of this connection; empty: connection.database.
  std::string listen_database;
};

struct Dev {
  Serve serve;
  std::vector<std::string> files;  // loaded by psql, in order
  std::string database = "dev";    // the name of the database; "public" is served under it
  std::string data;                // a directory to keep the database in; empty: a temporary one
  std::string postgres_bin;        // the folder of `initdb` and `postgres`; empty: the newest that is installed
};

struct ContractCommand {
  db::ConnectionOptions connection;
  ApiOptions api;
  Log log;
  std::string out;    // directory to write to
  std::string check;  // path to compare with
};

struct InstallCommand {
  db::ConnectionOptions connection;
  Log log;
  std::string role;  // who may use it; empty: only its owner
};

// Text to print, and the exit code to end with: --help, --version, a wrong option (2).
struct Exit {
  std::string text;
  int code = 0;
};

using Command = std::variant<Serve, Dev, ContractCommand, InstallCommand, Exit>;

// Parses the command line. Pure but for getenv.
Command Parse(int argc, const char* const* argv);

}  // namespace protogres::config

#endif  // PROTOGRES_SERVICE_CONFIG_CONFIG_H_
