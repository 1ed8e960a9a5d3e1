// SQLSTATE -> Status: the one table (PostgreSQL manual, appendix A). Pure.
#ifndef PROTOGRES_SERVICE_DB_ERROR_H_
#define PROTOGRES_SERVICE_DB_ERROR_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"

namespace protogres::db {

// What PostgreSQL said of an error.
struct ServerError {
  std::string sqlstate;
  std::string message;  // primary message
  std::string table;    // where it can be told
  std::string constraint;
  std::string column;
  std::int64_t row = 0;       // of a COPY, from 1; 0: it cannot be told
  std::string position = {};  // in the statement's own text, in characters from 1; empty: it is not of that
};

// A row of the table: the first whose `prefix` begins the SQLSTATE wins.
struct ErrorRow {
  const char* prefix;
  absl::StatusCode code;
  const char* reason;
  const char* meaning;  // for the README's table
};
std::span<const ErrorRow> ErrorTable();

// The Status of an error, with ErrorInfo, BadRequest (class 22 and kin) and RetryInfo (40001, 40P01) by the table.
absl::Status ToStatus(const ServerError& error);

// True for an error that says that the catalog moved (42P01, 42703, 0A000 "cached plan", ...): a reload is due.
bool CatalogMoved(const absl::Status& status);

// True where the connection that gave it must be discarded (class 08, 57P0x, 25006).
bool ConnectionLost(const absl::Status& status);

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_ERROR_H_
