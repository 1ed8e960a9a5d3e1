// The memory that the process holds for its calls. Requests, results and answers share one budget, in bytes, so that
// together they stay below --max_memory. This counts what it is told, and allocates nothing.
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

// A budget. Thread-safe. Never blocks. Must outlive its Holds.
class Memory {
 public:
  // A part of a budget, which is given back when the Hold goes out of scope. For one thread at a time.
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

  // The budget of this process, which has no limit before SetLimit.
  static Memory& OfProcess();
  // What the process takes for descriptions of its messages, which grow as they are needed and are no call's. It has no
  // limit: the contract is one.
  static Memory& OfDescriptions();
  // In bytes. To be called before there are calls.
  void SetLimit(std::int64_t limit) { limit_.store(limit, std::memory_order_relaxed); }
  std::int64_t limit() const { return limit_.load(std::memory_order_relaxed); }
  std::int64_t held() const { return held_.load(std::memory_order_relaxed); }

  // Says whether the process was measured to take more memory than the limit. Then nothing large should grow.
  void SetPressed(bool pressed) { pressed_.store(pressed, std::memory_order_relaxed); }
  bool Pressed() const { return pressed_.load(std::memory_order_relaxed); }

  // OK: a new call may begin. Exhausted: three quarters of the budget are held, and the rest is for calls that have
  // begun.
  absl::Status Admit() const;

  // The same for a call that was let in but has done nothing yet. Exhausted: the whole budget is held.
  absl::Status Left() const;

  // Makes `hold` one of `bytes`. Exhausted: that is more than is left, and `hold` is what it was.
  absl::Status Resize(std::size_t bytes, Hold* hold);
  // The same for memory that is taken already. It never fails, whatever is left.
  void Force(std::size_t bytes, Hold* hold);

  // RESOURCE_EXHAUSTED, reason MEMORY_EXHAUSTED, with RetryInfo. `what` is a clause that says what there is too much
  // of.
  static absl::Status Exhausted(const std::string& what);

 private:
  std::atomic<std::int64_t> limit_;
  std::atomic<std::int64_t> held_{0};
  std::atomic<bool> pressed_{false};
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_MEMORY_H_
