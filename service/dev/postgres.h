// A private PostgreSQL for `protogres dev` and for tests. It has its own data directory, listens only on a Unix socket
// in a directory of its own, and ends when it goes out of scope.
#ifndef PROTOGRES_SERVICE_DEV_POSTGRES_H_
#define PROTOGRES_SERVICE_DEV_POSTGRES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace protogres::dev {

struct PostgresOptions {
  // The directory of the cluster. Empty: a temporary directory, which is removed at the end.
  std::string data = {};
  // The name of the database that is created: letters, digits and _.
  std::string database = "dev";
  // The folder of `initdb` and `postgres`. Empty: what FindServer (install.h) finds.
  std::string bin = {};
  // Lines of postgresql.conf.
  std::vector<std::string> settings = {};
};

class Postgres {
 public:
  // Makes the cluster unless `data` holds one, starts the server, and creates the database. If this process is root,
  // the server runs as an unprivileged user. Blocks, for some seconds if it makes the cluster. NOT_FOUND: no PostgreSQL
  // server is installed, or none is in `bin`; the message says what to do. INVALID_ARGUMENT: `data` holds something
  // else, or the name of the database is bad. Other errors have what the program that failed has written. When the
  // thread that has called this ends, even by kill -9, the server gets SIGINT and ends, too; the next Start then
  // removes what was temporary. Ctrl-C in a terminal does not reach the server.
  static absl::StatusOr<std::unique_ptr<Postgres>> Start(const PostgresOptions& options);
  // Shuts the server down, ending its sessions, and removes what was temporary.
  ~Postgres();
  Postgres(const Postgres&) = delete;
  Postgres& operator=(const Postgres&) = delete;

  // Runs psql on a file with ON_ERROR_STOP, so that dumps can be loaded. The error has what psql has written. Blocks.
  absl::Status Load(const std::string& file);

  // For tests of a database that goes away. Stop ends the server at once, as a crash would; with `fast` the server
  // tells its sessions so and shuts down cleanly. StartAgain starts it again under the same uri.
  void Stop(bool fast = false);
  absl::Status StartAgain();

  // A libpq connection string. Its role is a superuser.
  std::string uri() const;
  // True: this start made the cluster.
  bool created() const;

 private:
  struct State;
  explicit Postgres(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace protogres::dev

#endif  // PROTOGRES_SERVICE_DEV_POSTGRES_H_
