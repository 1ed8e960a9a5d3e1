// What is counted, without a word of how it is shown. Adding costs a few nanoseconds and never blocks.
#ifndef PROTOGRES_SERVICE_METRICS_COUNTER_H_
#define PROTOGRES_SERVICE_METRICS_COUNTER_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace protogres::metrics {

// A number that only grows. Thread-safe.
class Counter {
 public:
  void Add(std::uint64_t more = 1) { value_.fetch_add(more, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// How many values were at most as large as each of some bounds. Thread-safe. Values are whole numbers, of a unit that
// the one who reads them knows.
class Histogram {
 public:
  static constexpr std::size_t kMostBounds = 15;

  // `bounds` must grow, must not be more than kMostBounds, and must outlive the Histogram.
  explicit Histogram(std::span<const std::int64_t> bounds) : bounds_(bounds) {}

  void Observe(std::int64_t value);

  std::span<const std::int64_t> bounds() const { return bounds_; }
  // The number of values above the bound before `bucket`, and up to the bound of `bucket`; the last one has no bound.
  std::uint64_t count(std::size_t bucket) const { return counts_[bucket].load(std::memory_order_relaxed); }
  std::int64_t sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  const std::span<const std::int64_t> bounds_;
  std::array<std::atomic<std::uint64_t>, kMostBounds + 1> counts_{};
  std::atomic<std::int64_t> sum_{0};
};

// A Histogram of times, in nanoseconds, with bounds from 100 us to 30 s.
class TimeHistogram : public Histogram {
 public:
  TimeHistogram();
  void ObserveSince(std::chrono::steady_clock::time_point begin) {
    Observe(std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin).count());
  }
};

}  // namespace protogres::metrics

#endif  // PROTOGRES_SERVICE_METRICS_COUNTER_H_
