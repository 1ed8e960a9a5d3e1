// The calls of the process, counted by method.
#ifndef PROTOGRES_SERVICE_METRICS_CALLS_H_
#define PROTOGRES_SERVICE_METRICS_CALLS_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "metrics/counter.h"

namespace protogres::metrics {

// The calls of one method. Thread-safe.
struct MethodCalls {
  // gRPC has the codes 0 to 16.
  static constexpr std::size_t kCodes = 17;

  // A call was answered with `code`, after so long.
  void Handled(int code, std::chrono::nanoseconds took) {
    handled[static_cast<std::size_t>(code) < kCodes ? static_cast<std::size_t>(code) : 2].Add();
    seconds.Observe(took.count());
  }

  std::string path;  // /package.Service/Method; empty: of the calls of methods that do not exist
  std::string type;  // in grpc-prometheus' words: unary, server_stream, client_stream, bidi_stream
  Counter started;
  std::array<Counter, kCodes> handled;  // by code
  TimeHistogram seconds;
  Counter received, sent;              // messages
  Counter received_bytes, sent_bytes;  // of the messages
};

// Thread-safe. Methods are never removed: what was counted must not be lost when a reload drops a table. Only methods
// that were called and exist take memory, about 500 bytes each.
class Calls {
 public:
  // The type of the method with this path. Empty: there is no such method.
  using TypeOf = std::function<std::string_view(const std::string& path)>;

  Calls() = default;
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  // The counters of the method, which live as long as this. Methods that do not exist share one. `type_of` is asked
  // only for methods that were not called yet. Costs a look into a table.
  MethodCalls& Of(const std::string& path, const TypeOf& type_of);

  // All methods that were called, by path.
  std::vector<const MethodCalls*> All() const;

 private:
  MethodCalls unknown_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<MethodCalls>> methods_;
};

}  // namespace protogres::metrics

#endif  // PROTOGRES_SERVICE_METRICS_CALLS_H_
