// The access log: a line of JSON for each call, on standard output.
#ifndef PROTOGRES_SERVICE_RPC_ACCESS_LOG_H_
#define PROTOGRES_SERVICE_RPC_ACCESS_LOG_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "log/line_writer.h"
#include "rpc/call_log.h"

namespace protogres::rpc {

// One JSON object on one line: time, method, code, reason, duration_ms, received_bytes, sent_bytes, peer and trace_id,
// of which reason and trace_id may be missing. `now` is the time when the call ended.
std::string AccessLine(const EndedCall& call, std::chrono::system_clock::time_point now);

// Writes lines with a thread of its own, so that a reader that is slow never holds up a call, nor the log of the
// process: if too many lines wait, the oldest ones are dropped. Thread-safe.
class AccessLog {
 public:
  AccessLog();
  // Blocks until the lines that wait are written, for a second at the most.
  ~AccessLog() = default;

  void Write(const std::string& line);
  // How many lines were dropped.
  std::uint64_t dropped() const;

 private:
  log::LineWriter writer_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_ACCESS_LOG_H_
