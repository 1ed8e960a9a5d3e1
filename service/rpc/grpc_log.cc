#include "rpc/grpc_log.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "text/excerpt.h"

namespace protogres::rpc {
namespace {

constexpr std::size_t kMaxLine = 400;
constexpr int kWarningsASecond = 5;

// Some of its lines quote what a peer has sent.
std::string OnOneLine(std::string_view line) { return text::Escaped(text::Shortened(line, kMaxLine)); }

void Warn(std::string_view line) {
  static LineLimit limit(kWarningsASecond);
  const auto left_out = limit.Admit(std::chrono::steady_clock::now());
  if (!left_out) return;
  spdlog::warn("grpc: {}{}", OnOneLine(line),
               *left_out > 0 ? fmt::format(" ({} lines of gRPC were left out before this one)", *left_out) : "");
}

// Most of its lines are about broken connections.
void Log(gpr_log_func_args* line) {
  if (const auto metadata = AboutMetadata(line->message)) {
    spdlog::debug("grpc: {}", *metadata);
  } else if (line->severity == GPR_LOG_SEVERITY_ERROR) {
    Warn(line->message);
  } else {
    const auto level = line->severity == GPR_LOG_SEVERITY_INFO ? spdlog::level::debug : spdlog::level::trace;
    if (spdlog::should_log(level)) spdlog::log(level, "grpc: {}", OnOneLine(line->message));
  }
}

}  // namespace

void LogForGrpc() { gpr_set_log_function(&Log); }

std::optional<std::string> AboutMetadata(std::string_view line) {
  if (line.find("Error parsing") == std::string_view::npos || line.find("metadata") == std::string_view::npos) {
    return std::nullopt;
  }
  return OnOneLine(line.substr(0, line.find(" value=")));
}

std::optional<std::uint64_t> LineLimit::Admit(std::chrono::steady_clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (!begin_ || now - *begin_ >= std::chrono::seconds(1)) {
    begin_ = now;
    admitted_ = 0;
  }
  if (admitted_ >= most_) {
    ++left_out_;
    return std::nullopt;
  }
  ++admitted_;
  return std::exchange(left_out_, 0);
}

}  // namespace protogres::rpc
