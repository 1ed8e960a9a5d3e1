// For tests on a real PostgreSQL: loads SQL files and reads the Catalog as the
// server does.
#ifndef PROTOGRES_TESTS_SUPPORT_CATALOG_H_
#define PROTOGRES_TESTS_SUPPORT_CATALOG_H_

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "catalog/reader.h"
#include "db/connection.h"
#include "support/database.h"

namespace protogres::testing {

// A file of tests/support.
inline std::string SupportFile(const std::string& name) {
  return (std::filesystem::path(PROTOGRES_TEST_SUPPORT) / name).string();
}

// Runs psql on a file; it stops at the first error. Throws std::runtime_error.
inline void LoadFile(const Database& database, const std::string& file) {
  setenv("PROTOGRES_TEST_URI", database.uri().c_str(), 1);
  setenv("PROTOGRES_TEST_FILE", file.c_str(), 1);
  const int code =
      std::system("psql -X -q -v ON_ERROR_STOP=1 -d \"$PROTOGRES_TEST_URI\" -f \"$PROTOGRES_TEST_FILE\" >/dev/null");
  if (code != 0) throw std::runtime_error("psql could not load " + file);
}

// A query function on `connection`, which must outlive it; counts its queries where asked.
inline catalog::Query QueryOn(db::Connection& connection, int* count = nullptr) {
  return [&connection, count](const std::string& sql) -> absl::StatusOr<catalog::TextRows> {
    if (count != nullptr) ++*count;
    const absl::StatusOr<db::Rows> rows = connection.Execute(sql, {}, false);
    if (!rows.ok()) return rows.status();
    return catalog::TextRows(rows->size(),
                             [rows = *rows](std::int64_t index, catalog::TextRow* row) { rows.Read(index, row); });
  };
}

// Reads as `role` (empty: the superuser that Database connects as).
inline absl::StatusOr<catalog::Catalog> ReadCatalog(const Database& database,
                                                    const std::vector<std::string>& schemas = {},
                                                    const std::string& role = "", int* count = nullptr,
                                                    const std::vector<std::string>& search_path = {},
                                                    catalog::Roles roles = catalog::Roles::kConnecting) {
  db::ConnectionOptions options;
  options.database = database.uri();
  absl::StatusOr<std::unique_ptr<db::Connection>> connection = db::Connect(options);
  if (!connection.ok()) return connection.status();
  if (absl::Status status = (*connection)->Begin({.mode = "ISOLATION LEVEL REPEATABLE READ READ ONLY"}); !status.ok()) {
    return status;
  }
  if (!role.empty()) {
    if (auto set = (*connection)->Execute("SET LOCAL ROLE " + role, {}, false); !set.ok()) return set.status();
  }
  return catalog::Read(QueryOn(**connection, count), schemas, search_path, roles);
}

// The relation `name` of the schema public, as `role` reads it. Throws std::runtime_error where it cannot be read.
inline catalog::Relation ReadRelation(const Database& database, const std::string& name, const std::string& role = "") {
  const absl::StatusOr<catalog::Catalog> catalog = ReadCatalog(database, {"public"}, role);
  if (!catalog.ok()) throw std::runtime_error(catalog.status().ToString());
  for (const catalog::Relation& relation : catalog->relations) {
    if (relation.name == name) return relation;
  }
  throw std::runtime_error("there is no " + name);
}

}  // namespace protogres::testing

#endif  // PROTOGRES_TESTS_SUPPORT_CATALOG_H_
