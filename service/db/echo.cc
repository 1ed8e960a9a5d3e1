#include "db/echo.h"

#include <cstddef>

#include "fmt/format.h"
#include "status/status.h"
#include "text/excerpt.h"
#include "text/quote.h"

namespace protogres::db {
std::string EchoLine(const std::string& sql, std::span<const Param> params, const absl::Status& status,
                     std::chrono::microseconds took, Echo echo) {
  std::string line = text::OneLine(sql);
  for (std::size_t i = 0; i < params.size(); ++i) {
    line += fmt::format("{}${} ", i == 0 ? " [" : ", ", i + 1);
    if (!params[i]) {
      line += "NULL";
    } else if (echo == Echo::kValues) {
      line += text::QuoteLiteral(*params[i]);
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
