// What is logged when a call has ended: a line at the level of its code, a warning if it was slow, and a line of the
// access log. None of them has a value of a request or an answer.
#ifndef PROTOGRES_SERVICE_RPC_CALL_LOG_H_
#define PROTOGRES_SERVICE_RPC_CALL_LOG_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace protogres::rpc {

class AccessLog;

// A call that has ended.
struct EndedCall {
  const std::string& method;
  const std::string& type;  // of the method, as MethodType says
  const absl::Status& status;
  std::chrono::nanoseconds took;
  std::size_t received_bytes;
  std::size_t sent_bytes;
  std::string peer;              // as gRPC names it
  std::string_view traceparent;  // the metadata of the call; empty: it has none
  std::string_view statements;   // that ran for it; empty: they were not noted
};

// Thread-safe. Never blocks.
class CallLog {
 public:
  struct Options {
    bool access_log = false;
    std::chrono::milliseconds slow_call{0};  // 0: no call is slow
  };

  explicit CallLog(const Options& options);
  ~CallLog();

  // False: nothing will be logged, so that Ended need not be called. Cheap.
  bool Wants(absl::StatusCode code, std::chrono::nanoseconds took) const;
  void Ended(const EndedCall& call);

  // How many lines of the access log were dropped, as they came faster than they were read.
  std::uint64_t dropped() const;

 private:
  bool IsSlow(std::chrono::nanoseconds took) const { return slow_.count() > 0 && took >= slow_; }

  const std::chrono::milliseconds slow_;
  std::unique_ptr<AccessLog> access_log_;  // null: it is off
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_CALL_LOG_H_
