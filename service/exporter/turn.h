// One after the other.
#ifndef PROTOGRES_SERVICE_EXPORTER_TURN_H_
#define PROTOGRES_SERVICE_EXPORTER_TURN_H_

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace protogres::exporter {

// What one thread at a time may do. Thread-safe.
class Turn {
 public:
  // Blocks until it is the caller's turn, which lasts as long as what is returned; the Turn must outlive it. Null:
  // `timeout` has passed.
  std::shared_ptr<void> Await(std::chrono::milliseconds timeout);

 private:
  void Release();

  std::mutex mutex_;
  std::condition_variable released_;
  bool taken_ = false;
};

}  // namespace protogres::exporter

#endif  // PROTOGRES_SERVICE_EXPORTER_TURN_H_
