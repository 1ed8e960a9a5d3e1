// Small files that say who may call, or hold keys, and a thread that looks at them again.
#ifndef PROTOGRES_SERVICE_AUTH_FILE_H_
#define PROTOGRES_SERVICE_AUTH_FILE_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/statusor.h"

namespace protogres::auth {

// What the file holds. INVALID_ARGUMENT, without the path: it cannot be read, or has more than 1 MiB. Blocks.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// Calls a function again and again, on a thread of its own.
class Repeater {
 public:
  // `work` is called each `interval`, the first time after one.
  Repeater(std::chrono::milliseconds interval, std::function<void()> work);
  // Waits for the end of a call that runs.
  ~Repeater();
  Repeater(const Repeater&) = delete;
  Repeater& operator=(const Repeater&) = delete;

 private:
  void Run();

  const std::chrono::milliseconds interval_;
  const std::function<void()> work_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace protogres::auth

#endif  // PROTOGRES_SERVICE_AUTH_FILE_H_
