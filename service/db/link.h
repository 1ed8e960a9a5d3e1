// libpqxx: what differs between 6.4 and 7 is here alone. A Link opens, owns and closes a connection; what is done on it
// is done with libpq's handle. It fails to open by an exception.
#ifndef PROTOGRES_SERVICE_DB_LINK_H_
#define PROTOGRES_SERVICE_DB_LINK_H_

#include <libpq-fe.h>

#include <string>

// libpqxx 6.4 deprecates what 7 no longer has, 7 what 8 no longer has.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include <pqxx/pqxx>

namespace protogres::db {

#if PQXX_VERSION_MAJOR < 7

// Keeps libpq's handle in reach.
class Policy : public pqxx::connect_direct {
 public:
  using connect_direct::connect_direct;
  handle do_startconnect(handle old) override { return raw_ = connect_direct::do_startconnect(old); }
  handle do_disconnect(handle old) noexcept override { return raw_ = connect_direct::do_disconnect(old); }
  handle raw() const { return raw_; }

 private:
  handle raw_ = nullptr;
};

class Link : public pqxx::connection_base {
 public:
  explicit Link(const std::string& conninfo) : connection_base(policy_), policy_(conninfo) {
    init();
    inhibit_reactivation(true);
  }
  ~Link() { close(); }

  PGconn* raw() const { return policy_.raw(); }

 private:
  Policy policy_;
};

#else

// Keeps libpq's handle in reach.
class Link : public pqxx::connection {
 public:
  explicit Link(const std::string& conninfo) : Link(Open(conninfo)) {}

  PGconn* raw() const { return raw_; }

 private:
  explicit Link(PGconn* raw) : pqxx::connection(seize_raw_connection(raw)), raw_(raw) {}

  static PGconn* Open(const std::string& conninfo) {
    PGconn* const raw = PQconnectdb(conninfo.c_str());
    if (PQstatus(raw) == CONNECTION_OK) return raw;
    const std::string why = PQerrorMessage(raw);
    PQfinish(raw);
    throw pqxx::broken_connection(why);
  }

  PGconn* raw_;
};

#endif

}  // namespace protogres::db

#pragma GCC diagnostic pop

#endif  // PROTOGRES_SERVICE_DB_LINK_H_
