#include "rpc/grpc_log.h"

#include <grpc/support/log.h>
#include <spdlog/spdlog.h>

namespace protogres::rpc {
namespace {

// Most of its lines are about broken connections.
void Log(gpr_log_func_args* line) {
  const auto level = line->severity == GPR_LOG_SEVERITY_ERROR  ? spdlog::level::warn
                     : line->severity == GPR_LOG_SEVERITY_INFO ? spdlog::level::debug
                                                               : spdlog::level::trace;
  spdlog::log(level, "grpc: {}", line->message);
}

}  // namespace

void LogForGrpc() { gpr_set_log_function(&Log); }

}  // namespace protogres::rpc
