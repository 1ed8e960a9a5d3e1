#include "db/echo.h"

#include <cstddef>
#include <string_view>

#include "db/message.h"
#include "fmt/format.h"
#include "status/status.h"

namespace protogres::db {
namespace {

// As an SQL literal on one line: E'...' escapes.
std::string Escaped(std::string_view value) {
  std::string escaped = "'";
  for (const char c : value) {
    if (c == '\'') {
      escaped += "''";
    } else if (c == '\\') {
      escaped += "\\\\";
    } else if (c == '\n') {
      escaped += "\\n";
    } else if (c == '\r') {
      escaped += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      escaped += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      escaped += c;
    }
  }
  return escaped + "'";
}

}  // namespace

std::string EchoLine(const std::string& sql, std::span<const Param> params, const absl::Status& status,
                     std::chrono::microseconds took, Echo echo) {
  std::string line = OneLine(sql);
  for (std::size_t i = 0; i < params.size(); ++i) {
    line += fmt::format("{}${} ", i == 0 ? " [" : ", ", i + 1);
    if (!params[i]) {
      line += "NULL";
    } else if (echo == Echo::kValues) {
      line += Escaped(*params[i]);
    } else {
      line += fmt::format("text({})", params[i]->size());
    }
  }
  if (!params.empty()) line += "]";
  std::string outcome = "OK";
  if (!status.ok()) {
    outcome = status::ReasonOf(status);
    if (outcome.empty()) outcome = absl::StatusCodeToString(status.code());
    if (echo == Echo::kValues) outcome += ": " + std::string(status.message());
  }
  return fmt::format("{} {} {:.3f} ms", line, outcome, static_cast<double>(took.count()) / 1000.0);
}

}  // namespace protogres::db
