#include "db/ran_statement.h"

#include "db/echo.h"
#include "metrics/counts.h"
#include "metrics/trace.h"
#include "spdlog/spdlog.h"

namespace protogres::db {

void RanStatement(const std::string& sql, std::span<const Param> params, const absl::Status& status,
                  std::chrono::steady_clock::time_point start, Echo echo) {
  const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - start;
  metrics::Counts& counts = metrics::Counts::OfProcess();
  counts.statements.Observe(took.count());
  if (!status.ok()) counts.failed_statements.Add();
  if (auto* const trace = metrics::Trace::Current()) trace->Add(sql, took);
  if (echo == Echo::kOff) return;
  spdlog::info("{}", EchoLine(sql, params, status, std::chrono::duration_cast<std::chrono::microseconds>(took), echo));
}

}  // namespace protogres::db
