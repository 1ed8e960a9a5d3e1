// A private PostgreSQL of its own data directory, for `protogres dev` and for
// tests: found under the distribution's usual folders, reached by a Unix socket
// in its own directory, gone when it goes out of scope.
#ifndef PROTOGRES_SERVICE_DEV_POSTGRES_H_
#define PROTOGRES_SERVICE_DEV_POSTGRES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace protogres::dev {

struct PostgresOptions {
  // Where the cluster lives; empty: a temporary directory, removed at the end.
  std::string data = {};
  // The database that is created; letters, digits and _.
  std::string database = "dev";
  // The folder of `initdb` and `postgres`; empty: what FindServer (install.h) finds.
  std::string bin = {};
  // Lines of postgresql.conf.
  std::vector<std::string> settings = {};
};

class Postgres {
 public:
  // initdb (unless `data` holds a cluster), start, create the database. As root
  // it runs as an unprivileged user. Blocks, some seconds the first time.
  // NOT_FOUND: no PostgreSQL server is installed, or none in `bin` (the message says what to do). Other errors carry
  // the server's own log. INVALID_ARGUMENT: `data` holds something else, or a bad name. The server gets SIGINT, and
  // goes, when the thread that calls this ends, be it by kill -9; what was temporary is then removed by the next Start.
  // It is out of a terminal's Ctrl-C's reach.
  static absl::StatusOr<std::unique_ptr<Postgres>> Start(const PostgresOptions& options);
  // Stops the server (fast) and removes what was temporary.
  ~Postgres();
  Postgres(const Postgres&) = delete;
  Postgres& operator=(const Postgres&) = delete;

  // Runs psql on a file with ON_ERROR_STOP, so that dumps work. The error has psql's own words.
  absl::Status Load(const std::string& file);

  // For tests of a database that goes away: Stop ends the server at once, as a crash would (with `fast`: its
  // sessions are told so, and it shuts down clean); StartAgain brings it back under the same uri.
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
