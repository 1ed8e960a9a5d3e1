#include "support/database.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "dev/postgres.h"

namespace protogres::testing {
namespace {

dev::Postgres& Server() {
  static const std::unique_ptr<dev::Postgres> server = [] {
    const char* bin = std::getenv("PROTOGRES_POSTGRES_BIN");  // tests/run --postgres
    auto started = dev::Postgres::Start(
        {.bin = bin != nullptr ? bin : "", .settings = {"max_connections = 60", "deadlock_timeout = 100ms"}});
    if (!started.ok()) {
      std::fprintf(stderr, "these tests need PostgreSQL: %s\n", std::string(started.status().message()).c_str());
      std::exit(1);
    }
    return *std::move(started);
  }();
  return *server;
}

std::string Run(const std::string& uri, const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(uri.c_str()), &PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
    throw std::runtime_error(fmt::format("{}: {}", sql, PQerrorMessage(connection.get())));
  }
  return PQntuples(result.get()) > 0 && PQnfields(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

}  // namespace

Database::Database() {
  static std::atomic<int> count = 0;
  name_ = fmt::format("test_{}", ++count);
  Run(Server().uri(), fmt::format("CREATE DATABASE {}", name_));
  // libpq takes the last of a keyword's values.
  uri_ = fmt::format("{} dbname={}", Server().uri(), name_);
}

Database::~Database() {
  try {
    Run(Server().uri(), fmt::format("DROP DATABASE {} WITH (FORCE)", name_));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
}

void Database::Exec(const std::string& sql) const { Run(uri_, sql); }

std::string Database::Value(const std::string& sql) const { return Run(uri_, sql); }

void Database::Terminate(const std::string& condition) const {
  // PostgreSQL 13 has no pg_terminate_backend that waits.
  Exec(fmt::format(R"(DO $$
    DECLARE pids int[] := ARRAY(SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND ({}));
    BEGIN
      PERFORM pg_terminate_backend(pid) FROM unnest(pids) AS pid;
      FOR i IN 1..1000 LOOP
        PERFORM pg_stat_clear_snapshot();
        EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ANY (pids));
        PERFORM pg_sleep(0.005);
      END LOOP;
    END $$)",
                   condition));
}

void Database::StopServer(bool fast) { Server().Stop(fast); }

void Database::StartServer() {
  const absl::Status started = Server().StartAgain();
  if (!started.ok()) throw std::runtime_error(std::string(started.message()));
}

}  // namespace protogres::testing
