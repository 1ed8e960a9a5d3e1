// What is known of a pooler, such as PgBouncer, between this server and PostgreSQL. One object for all connections that
// are made alike. Thread-safe.
#ifndef PROTOGRES_SERVICE_DB_POOLER_H_
#define PROTOGRES_SERVICE_DB_POOLER_H_

#include <atomic>
#include <string>

namespace protogres::db {

// In its transaction mode a pooler gives each transaction to a PostgreSQL session of its own choice, which other
// clients have used before and will use afterwards. So from the moment when one is found no statement is prepared, and
// nothing is expected of the session: each call is a transaction that begins with all settings that it needs. The modes
// cannot be told apart, so that it is the same in session mode.
class Pooler {
 public:
  // A connection has met a pooler; `sign` says by what. The first time it goes to the log: as a warning if statements
  // were prepared until now.
  void Found(const std::string& sign, bool prepared);
  bool found() const { return found_.load(std::memory_order_relaxed); }

  // It refuses connections with the startup parameter `options`.
  void RefusedOptions() { refuses_options_ = true; }
  bool refuses_options() const { return refuses_options_; }

 private:
  std::atomic<bool> found_ = false;
  std::atomic<bool> refuses_options_ = false;
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_POOLER_H_
