#include "metrics/counts.h"

namespace protogres::metrics {
namespace {

constexpr std::int64_t kSizes[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};
static_assert(std::size(kSizes) <= Histogram::kMostBounds);

}  // namespace

Counts::Counts() : group_sizes(kSizes) {}

Counts& Counts::OfProcess() {
  static Counts counts;
  return counts;
}

}  // namespace protogres::metrics
