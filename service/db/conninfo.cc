#include "db/conninfo.h"

#include <libpq-fe.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>
#include <memory>
#include <sstream>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "status/status.h"
#include "text/excerpt.h"
#include "text/quote.h"

namespace protogres::db {
namespace {

constexpr char kSessionDefaults[] =
    "-c client_encoding=UTF8 -c DateStyle=ISO -c IntervalStyle=iso_8601 -c TimeZone=UTC -c bytea_output=hex "
    "-c extra_float_digits=1";

// A value within `options`, where a space ends it and a backslash takes the next character as it is.
std::string EscapedOption(std::string_view value) {
  std::string escaped;
  for (const char c : value) {
    if (c == '\\' || std::isspace(static_cast<unsigned char>(c)) != 0) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string SearchPath(const std::vector<std::string>& schemas) {
  std::string path;
  for (const std::string& schema : schemas) {
    if (!path.empty()) path += ',';
    path += text::QuoteName(schema);
  }
  return path;
}

// The words of libpq's error up to the first that it quotes from the string, which may be a part of a password. Names
// of its own and single characters stay.
std::string WithoutQuotes(const std::string& message) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> known(PQconndefaults(), &PQconninfoFree);
  const auto harmless = [&known](std::string_view word) {
    if (word.size() <= 1) return true;
    for (const PQconninfoOption* option = known.get(); option != nullptr && option->keyword != nullptr; ++option) {
      if (word == option->keyword) return true;
    }
    return false;
  };
  for (std::size_t open = message.find('"'); open != std::string::npos;) {
    const std::size_t close = message.find('"', open + 1);
    if (close == std::string::npos || !harmless(std::string_view(message).substr(open + 1, close - open - 1))) {
      return message.substr(0, open) + "...";
    }
    open = message.find('"', close + 1);
  }
  return message;
}

bool InEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

// A server or a network that falls silent is noticed after about half a minute, with a statement under way or idle; by
// the system's defaults it takes from a quarter of an hour to hours, or for ever. Not less: a COPY that waits for a
// lock takes no more bytes, which looks the same to the socket.
void AddSilenceLimits(std::map<std::string, std::string>* values) {
  // A service file may have them.
  if (values->count("service") != 0 || InEnvironment("PGSERVICE")) return;
  values->try_emplace("tcp_user_timeout", "30000");  // milliseconds
  values->try_emplace("keepalives_idle", "20");      // seconds
  values->try_emplace("keepalives_interval", "5");
  values->try_emplace("keepalives_count", "3");
}

}  // namespace

absl::StatusOr<std::string> Conninfo(const ConnectionOptions& options) {
  if (options.database.find('\0') != std::string::npos) {
    return status::Error(absl::StatusCode::kInvalidArgument, "the connection string contains a NUL character",
                         status::kInvalidConnectionString);
  }
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(options.database.c_str(), &message), &PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> owned(message, &PQfreemem);
  if (parsed == nullptr) {
    return status::Error(absl::StatusCode::kInvalidArgument,
                         fmt::format("the connection string is malformed: {}; see PostgreSQL's manual, chapter "
                                     "34.1.1, for example postgresql://user@host:5432/database",
                                     WithoutQuotes(text::OneLine(message != nullptr ? message : "out of memory"))),
                         status::kInvalidConnectionString);
  }
  std::map<std::string, std::string> values;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) values[option->keyword] = option->val;
  }
  std::string& own = values["options"];
  if (own.empty() && InEnvironment("PGOPTIONS")) own = std::getenv("PGOPTIONS");
  if (!options.pooler->refuses_options()) {
    own += (own.empty() ? "" : " ") + std::string(kSessionDefaults);
    if (!options.search_path.empty()) own += " -c search_path=" + EscapedOption(SearchPath(options.search_path));
    if (options.statement_timeout.count() > 0) {
      own += fmt::format(" -c statement_timeout={}", options.statement_timeout.count());
    }
  }
  // As a keyword it would be sent beside `options`, and win.
  values["client_encoding"] = "UTF8";
  values.try_emplace("fallback_application_name", "protogres");
  if (values.count("connect_timeout") == 0 && !InEnvironment("PGCONNECT_TIMEOUT")) {
    // libpq takes 0 for no limit.
    values["connect_timeout"] = std::to_string(std::max<long>(1, options.connect_timeout.count()));
  }
  AddSilenceLimits(&values);
  std::string conninfo;
  for (const auto& [keyword, value] : values) {
    conninfo += fmt::format("{}{}={}", conninfo.empty() ? "" : " ", keyword, text::QuoteSetting(value));
  }
  return conninfo;
}

std::string TransactionDefaults(const ConnectionOptions& options) {
  std::string sql = "; SET LOCAL role TO DEFAULT; SET LOCAL search_path TO " +
                    (options.search_path.empty() ? "DEFAULT" : SearchPath(options.search_path));
  std::istringstream words(kSessionDefaults);
  for (std::string word; words >> word;) {
    if (word != "-c") sql += "; SET LOCAL " + word;
  }
  if (options.statement_timeout.count() > 0) {
    sql += fmt::format("; SET LOCAL statement_timeout TO {}", options.statement_timeout.count());
  }
  return sql;
}

}  // namespace protogres::db
