#include "rpc/access_log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <csignal>
#include <iterator>

#include "nlohmann/json.hpp"
#include "rpc/traceparent.h"
#include "status/status.h"

namespace protogres::rpc {
namespace {

// Beyond them the oldest are dropped. They are some megabytes.
constexpr std::size_t kMostLines = 8192;

// As a JSON string, whatever a client has sent.
std::string Quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string AccessLine(const EndedCall& call, std::chrono::system_clock::time_point now) {
  using std::chrono::microseconds;
  const auto since_1970 = std::chrono::duration_cast<microseconds>(now.time_since_epoch()).count();
  const std::chrono::duration<double, std::milli> took = call.took;
  fmt::memory_buffer line;
  const auto out = std::back_inserter(line);
  fmt::format_to(out, R"({{"time":"{:%Y-%m-%dT%H:%M:%S}.{:06}Z","method":{},"code":"{}")",
                 fmt::gmtime(static_cast<std::time_t>(since_1970 / 1'000'000)), since_1970 % 1'000'000,
                 Quoted(call.method), absl::StatusCodeToString(call.status.code()));
  if (const std::string reason = call.status.ok() ? "" : status::ReasonOf(call.status); !reason.empty()) {
    fmt::format_to(out, R"(,"reason":{})", Quoted(reason));
  }
  fmt::format_to(out, R"(,"duration_ms":{:.3f},"received_bytes":{},"sent_bytes":{},"peer":{})", took.count(),
                 call.received_bytes, call.sent_bytes, Quoted(call.peer));
  if (const auto trace = TraceId(call.traceparent)) fmt::format_to(out, R"(,"trace_id":"{}")", *trace);
  line.push_back('}');
  return fmt::to_string(line);
}

AccessLog::AccessLog()
    : thread_(std::make_shared<spdlog::details::thread_pool>(kMostLines, 1)),
      logger_(std::make_shared<spdlog::async_logger>("access", std::make_shared<spdlog::sinks::stdout_sink_mt>(),
                                                     thread_, spdlog::async_overflow_policy::overrun_oldest)) {
  logger_->set_pattern("%v");
  // The server goes on if the one who reads its output does not.
  std::signal(SIGPIPE, SIG_IGN);
}

void AccessLog::Write(const std::string& line) { logger_->info(line); }

std::uint64_t AccessLog::dropped() const { return thread_->overrun_counter(); }

}  // namespace protogres::rpc
