#include "rpc/access_log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <iterator>

#include "nlohmann/json.hpp"
#include "rpc/traceparent.h"
#include "status/status.h"

namespace protogres::rpc {
namespace {

// Of lines that wait for a reader.
constexpr std::size_t kMostBytes = 4 << 20;

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

AccessLog::AccessLog() : writer_(STDOUT_FILENO, kMostBytes) {
  // The server goes on if the one who reads its output does not.
  std::signal(SIGPIPE, SIG_IGN);
}

void AccessLog::Write(const std::string& line) { writer_.Write(line + "\n"); }

std::uint64_t AccessLog::dropped() const { return writer_.dropped(); }

}  // namespace protogres::rpc
