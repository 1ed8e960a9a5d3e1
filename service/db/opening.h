// The statements that a transaction begins with. Pure.
#ifndef PROTOGRES_SERVICE_DB_OPENING_H_
#define PROTOGRES_SERVICE_DB_OPENING_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "db/connection.h"

namespace protogres::db {

struct SessionOptions;

// How a transaction with these options begins. `alone`: see Opening.
Opening OpeningOf(const SessionOptions& options, bool alone);

struct SettingsStatement {
  std::string sql;
  std::vector<Param> params;
};

// Sets all of `settings`, at least one, for the transaction in which it runs. Its text depends only on their number.
SettingsStatement StatementOf(std::span<const Setting> settings);

// The error of that statement as its caller shall see it: PERMISSION_DENIED where there is no such role.
absl::Status SettingsError(const absl::Status& status);

// Calls a function that Opening::pre_request names.
std::string CallOf(const std::string& function);

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_OPENING_H_
