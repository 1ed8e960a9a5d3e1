// A private PostgreSQL for a test binary: one server per process, started at
// the first use and gone at its end, and a fresh database for each test.
#ifndef PROTOGRES_TESTS_SUPPORT_DATABASE_H_
#define PROTOGRES_TESTS_SUPPORT_DATABASE_H_

#include <string>

namespace protogres::testing {

class Database {
 public:
  // Creates the database, after starting the server where this is the first;
  // must be called on the main thread then. Without a server the process ends with a clear message: nothing is skipped.
  Database();
  // Drops it, with whatever is connected to it. The server must run.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // A libpq connection string. Its role is a superuser.
  const std::string& uri() const { return uri_; }
  const std::string& name() const { return name_; }

  // Runs SQL, any number of statements, on a connection of its own. Throws std::runtime_error.
  void Exec(const std::string& sql) const;
  // The first cell of what the last statement returned; empty: NULL, or no row.
  std::string Value(const std::string& sql) const;

  // Ends the other backends of pg_stat_activity that meet `condition`, and returns when they are gone, after at most
  // some seconds.
  void Terminate(const std::string& condition) const;

  // The server goes away: at once, as in a crash, or with its sessions told so (`fast`). All databases go with it.
  static void StopServer(bool fast = false);
  static void StartServer();

 private:
  std::string name_;
  std::string uri_;
};

}  // namespace protogres::testing

#endif  // PROTOGRES_TESTS_SUPPORT_DATABASE_H_
