#include "db/opening.h"

#include <cstddef>

#include "fmt/format.h"
#include "status/status.h"

namespace protogres::db {

SettingsStatement StatementOf(std::span<const Setting> settings) {
  SettingsStatement statement;
  statement.params.reserve(2 * settings.size());
  for (const Setting& setting : settings) {
    const std::size_t number = statement.params.size();
    statement.sql += statement.sql.empty() ? "SELECT " : ", ";
    statement.sql += fmt::format("pg_catalog.set_config(${}, ${}, true)", number + 1, number + 2);
    statement.params.emplace_back(setting.name);
    statement.params.emplace_back(setting.value);
  }
  return statement;
}

absl::Status SettingsError(const absl::Status& status) {
  // PostgreSQL says of a role that does not exist that the value is not valid.
  constexpr char kInvalidParameterValue[] = "22023";
  const std::string state = status::MetadataOf(status, "sqlstate");
  if (state != kInvalidParameterValue) return status;
  return status::Error(absl::StatusCode::kPermissionDenied, std::string(status.message()), status::kPermissionDenied,
                       {{"sqlstate", state}});
}

std::string CallOf(const std::string& function) { return "SELECT " + function + "()"; }

}  // namespace protogres::db
