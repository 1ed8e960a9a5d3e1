#include "db/opening.h"

#include <cstddef>

#include "fmt/format.h"

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

std::string CallOf(const std::string& function) { return "SELECT " + function + "()"; }

}  // namespace protogres::db
