#include "metrics/counter.h"

#include <algorithm>

namespace protogres::metrics {
namespace {

constexpr std::int64_t kMicro = 1000;
constexpr std::int64_t kMilli = 1000 * kMicro;
constexpr std::int64_t kSecond = 1000 * kMilli;

constexpr std::int64_t kTimes[] = {100 * kMicro, 250 * kMicro, 500 * kMicro, kMilli,      2500 * kMicro,
                                   5 * kMilli,   10 * kMilli,  25 * kMilli,  50 * kMilli, 100 * kMilli,
                                   250 * kMilli, 500 * kMilli, kSecond,      5 * kSecond, 30 * kSecond};
static_assert(std::size(kTimes) <= Histogram::kMostBounds);

}  // namespace

void Histogram::Observe(std::int64_t value) {
  const auto bucket = static_cast<std::size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin());
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

TimeHistogram::TimeHistogram() : Histogram(kTimes) {}

}  // namespace protogres::metrics
