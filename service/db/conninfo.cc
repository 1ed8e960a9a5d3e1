#include "db/conninfo.h"

#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>

#include "contract/error.h"
#include "db/message.h"
#include "fmt/format.h"

namespace protogres::db {
namespace {

constexpr char kSessionDefaults[] =
    "-c client_encoding=UTF8 -c DateStyle=ISO -c IntervalStyle=iso_8601 -c TimeZone=UTC -c bytea_output=hex "
    "-c extra_float_digits=1";

std::string Quoted(const std::string& value) {
  std::string quoted = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

bool InEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

}  // namespace

absl::StatusOr<std::string> Conninfo(const ConnectionOptions& options) {
  if (options.database.find('\0') != std::string::npos) {
    return contract::Error(absl::StatusCode::kInvalidArgument, "the connection string contains a NUL character",
                           "INVALID_CONNECTION_STRING");
  }
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(options.database.c_str(), &message), &PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> owned(message, &PQfreemem);
  if (parsed == nullptr) {
    return contract::Error(absl::StatusCode::kInvalidArgument,
                           fmt::format("the connection string is malformed: {}; see PostgreSQL's manual, chapter "
                                       "34.1.1, for example postgresql://user@host:5432/database",
                                       OneLine(message != nullptr ? message : "out of memory")),
                           "INVALID_CONNECTION_STRING");
  }
  std::map<std::string, std::string> values;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) values[option->keyword] = option->val;
  }
  std::string& own = values["options"];
  if (own.empty() && InEnvironment("PGOPTIONS")) own = std::getenv("PGOPTIONS");
  own += (own.empty() ? "" : " ") + std::string(kSessionDefaults);
  // As a keyword it would be sent beside `options`, and win.
  values["client_encoding"] = "UTF8";
  values.try_emplace("fallback_application_name", "protogres");
  if (values.count("connect_timeout") == 0 && !InEnvironment("PGCONNECT_TIMEOUT")) {
    // libpq takes 0 for no limit.
    values["connect_timeout"] = std::to_string(std::max<long>(1, options.connect_timeout.count()));
  }
  std::string conninfo;
  for (const auto& [keyword, value] : values) {
    conninfo += fmt::format("{}{}={}", conninfo.empty() ? "" : " ", keyword, Quoted(value));
  }
  return conninfo;
}

}  // namespace protogres::db
