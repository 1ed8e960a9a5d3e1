// What the process holds in memory for its calls, by bytes: requests, results and answers draw on one budget, so that
// together they stay below --max_memory. It counts what it is told; it allocates nothing.
#ifndef PROTOGRES_SERVICE_DB_MEMORY_H_
#define PROTOGRES_SERVICE_DB_MEMORY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "absl/status/status.h"

namespace protogres::db {

// A budget. Thread-safe; never blocks. Must outlive what is held of it.
class Memory {
 public:
  // A part of a budget that is held until it goes out of scope. For one thread at a time.
  class Hold {
   public:
    Hold() = default;
    ~Hold() { Reset(); }
    Hold(Hold&& other) noexcept
        : memory_(std::exchange(other.memory_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Hold& operator=(Hold&& other) noexcept {
      if (this == &other) return *this;
      Reset();
      memory_ = std::exchange(other.memory_, nullptr);
      bytes_ = std::exchange(other.bytes_, 0);
      return *this;
    }

    std::int64_t bytes() const { return bytes_; }
    void Reset() {
      if (memory_ != nullptr && bytes_ != 0) memory_->held_.fetch_sub(bytes_, std::memory_order_relaxed);
      bytes_ = 0;
    }

   private:
    friend class Memory;
    Memory* memory_ = nullptr;
    std::int64_t bytes_ = 0;
  };

  explicit Memory(std::int64_t limit = std::numeric_limits<std::int64_t>::max()) : limit_(limit) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // The budget of this process, without a limit until it is given one.
  static Memory& OfProcess();
  // In bytes. Before there are calls.
  void SetLimit(std::int64_t limit) { limit_.store(limit, std::memory_order_relaxed); }
  std::int64_t limit() const { return limit_.load(std::memory_order_relaxed); }
  std::int64_t held() const { return held_.load(std::memory_order_relaxed); }

  // What was measured says that the process has taken more than it was told of, and nothing large should grow.
  void SetPressed(bool pressed) { pressed_.store(pressed, std::memory_order_relaxed); }
  bool Pressed() const { return pressed_.load(std::memory_order_relaxed); }

  // OK, or Exhausted: so much is held that no new call should begin. A quarter of the budget is left to those under
  // way.
  absl::Status Admit() const;

  // The same of a call that was let in, before it does anything: there is nothing left.
  absl::Status Left() const;

  // Makes `hold` one of `bytes`. Exhausted, and it stays as it was: that is more than is left.
  absl::Status Resize(std::size_t bytes, Hold* hold);
  // The same of what is there already, whatever is left.
  void Force(std::size_t bytes, Hold* hold);

  // RESOURCE_EXHAUSTED, reason MEMORY_EXHAUSTED, with RetryInfo. `what`: of which there is too much.
  static absl::Status Exhausted(const std::string& what);

 private:
  std::atomic<std::int64_t> limit_;
  std::atomic<std::int64_t> held_{0};
  std::atomic<bool> pressed_{false};
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_MEMORY_H_
