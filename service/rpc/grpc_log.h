// gRPC's own log lines.
#ifndef PROTOGRES_SERVICE_RPC_GRPC_LOG_H_
#define PROTOGRES_SERVICE_RPC_GRPC_LOG_H_

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace protogres::rpc {

// From now on gRPC logs by this server's log: on one line each, without the values of headers, and few warnings a
// second, since whoever can connect can make it write them. Idempotent.
void LogForGrpc();

// A line of gRPC about a header that cannot be parsed, without the header's value. Nullopt: it is another line.
std::optional<std::string> AboutMetadata(std::string_view line);

// Lets a few lines a second through, and counts the others. Thread-safe.
class LineLimit {
 public:
  explicit LineLimit(int most_a_second) : most_(most_a_second) {}

  // Nullopt: a line that comes at `now` is left out. Else how many were left out since the last one that was not.
  std::optional<std::uint64_t> Admit(std::chrono::steady_clock::time_point now);

 private:
  const int most_;
  std::mutex mutex_;
  std::optional<std::chrono::steady_clock::time_point> begin_;  // of the second that is counted
  int admitted_ = 0;                                            // in it
  std::uint64_t left_out_ = 0;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_GRPC_LOG_H_
