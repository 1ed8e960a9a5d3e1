#include "rpc/call_log.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "rpc/access_log.h"
#include "rpc/traceparent.h"
#include "text/excerpt.h"

namespace protogres::rpc {
namespace {

spdlog::level::level_enum LevelOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kDataLoss:
      return spdlog::level::err;
    case absl::StatusCode::kUnknown:
      return spdlog::level::warn;
    default:
      return spdlog::level::debug;
  }
}

std::string LineOf(const EndedCall& call) {
  const std::chrono::duration<double, std::milli> took = call.took;
  const auto trace = TraceId(call.traceparent);
  return fmt::format("method={} code={} ms={:.2f} peer={} in={} out={}{}{}", text::WithoutControls(call.method),
                     absl::StatusCodeToString(call.status.code()), took.count(), call.peer, call.received_bytes,
                     call.sent_bytes, trace ? " trace=" : "", trace.value_or(""));
}

}  // namespace

CallLog::CallLog(const Options& options)
    : slow_(options.slow_call), access_log_(options.access_log ? std::make_unique<AccessLog>() : nullptr) {}

CallLog::~CallLog() = default;

bool CallLog::Wants(absl::StatusCode code, std::chrono::nanoseconds took) const {
  return access_log_ != nullptr || IsSlow(took) || spdlog::should_log(LevelOf(code));
}

void CallLog::Ended(const EndedCall& call) {
  if (access_log_ != nullptr) access_log_->Write(AccessLine(call, std::chrono::system_clock::now()));
  // A session or a Stream lasts as long as its client wants.
  if (IsSlow(call.took) && call.type == "unary") {
    // Not the message of its error, which may name values.
    spdlog::warn("slow call {}{}{}", LineOf(call), call.statements.empty() ? "" : " statements=", call.statements);
  }
  if (const auto level = LevelOf(call.status.code()); spdlog::should_log(level)) {
    spdlog::log(level, "call {}{}{}", LineOf(call),
                call.status.ok() ? "" : " error=", text::WithoutControls(std::string(call.status.message())));
  }
}

std::uint64_t CallLog::dropped() const { return access_log_ != nullptr ? access_log_->dropped() : 0; }

}  // namespace protogres::rpc
