#include "db/opening.h"

#include <cstddef>
#include <string>

#include "db/session.h"
#include "fmt/format.h"
#include "status/status.h"

namespace protogres::db {
namespace {

// What follows BEGIN.
std::string Mode(const SessionOptions& options) {
  std::string mode;
  switch (options.isolation) {
    case Isolation::kDefault:
      break;
    case Isolation::kReadCommitted:
      mode = "ISOLATION LEVEL READ COMMITTED";
      break;
    case Isolation::kRepeatableRead:
      mode = "ISOLATION LEVEL REPEATABLE READ";
      break;
    case Isolation::kSerializable:
      mode = "ISOLATION LEVEL SERIALIZABLE";
      break;
  }
  if (options.read_only) mode += mode.empty() ? "READ ONLY" : " READ ONLY";
  return mode;
}

}  // namespace

Opening OpeningOf(const SessionOptions& options, bool alone) {
  Opening opening{
      .mode = Mode(options), .pre_request = options.pre_request, .deferred = !options.begin_at_once, .alone = alone};
  if (options.lock_timeout) opening.settings.push_back({"lock_timeout", std::to_string(options.lock_timeout->count())});
  if (options.settings) {
    opening.settings.insert(opening.settings.end(), options.settings->begin(), options.settings->end());
  }
  return opening;
}

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
