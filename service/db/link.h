// libpqxx: what differs between 6.4 and 7 is here and in link.cc alone. A Link
// is its connection with libpq's handle in reach; its errors are exceptions.
#ifndef PROTOGRES_SERVICE_DB_LINK_H_
#define PROTOGRES_SERVICE_DB_LINK_H_

#include <libpq-fe.h>

#include <exception>
#include <span>
#include <string>

// libpqxx 6.4 deprecates what 7 no longer has, 7 what 8 no longer has.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include <pqxx/pqxx>

#include "db/connection.h"

namespace protogres::db {

#if PQXX_VERSION_MAJOR < 7

// Keeps libpq's handle in reach: 6.4 throws away what the server said when it
// ended the connection, and only PQerrorMessage still has it.
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
    set_verbosity(verbose);
  }
  ~Link() { close(); }

  PGconn* raw() const { return policy_.raw(); }
  std::string LastError() const { return policy_.raw() != nullptr ? PQerrorMessage(policy_.raw()) : ""; }
  void PrepareNow(const std::string& name, const std::string& sql) {
    prepare(name, sql);
    prepare_now(name);
  }

 private:
  Policy policy_;
};

#else

// Keeps libpq's handle in reach, as above: 7 too loses the server's last words.
class Link : public pqxx::connection {
 public:
  explicit Link(const std::string& conninfo) : Link(Open(conninfo)) {
    PQsetNoticeProcessor(
        raw_, [](void*, const char*) {}, nullptr);
    set_verbosity(pqxx::error_verbosity::verbose);
  }

  PGconn* raw() const { return raw_; }
  std::string LastError() const { return PQerrorMessage(raw_); }
  void PrepareNow(const std::string& name, const std::string& sql) { prepare(name, sql); }

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

// Runs a statement with parameters: the one prepared as `name`, or `sql` where that is null.
pqxx::result RunParams(Link& link, const std::string* name, const std::string& sql, std::span<const Param> params);

// Runs a statement without parameters.
pqxx::result RunText(Link& link, const std::string& sql);

// The SQLSTATE that an exception's type tells, for where its text has none; empty: nor has the type.
std::string StateOf(const std::exception& error);

}  // namespace protogres::db

#pragma GCC diagnostic pop

#endif  // PROTOGRES_SERVICE_DB_LINK_H_
