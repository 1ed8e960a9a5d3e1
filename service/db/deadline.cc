#include "db/deadline.h"

#include <algorithm>

namespace protogres::db {

using SystemClock = std::chrono::system_clock;

SystemClock::duration Slack(SystemClock::time_point deadline) {
  if (deadline == SystemClock::time_point::max()) return {};
  const auto length = std::max(deadline - SystemClock::now(), SystemClock::duration::zero());
  return std::min<SystemClock::duration>(std::chrono::milliseconds(20), length / 2) + length / 50;
}

Clock::time_point Steady(SystemClock::time_point deadline) {
  if (deadline == SystemClock::time_point::max()) return Clock::time_point::max();
  const auto left = deadline - SystemClock::now();
  return left > std::chrono::hours(24 * 365) ? Clock::time_point::max() : Clock::now() + left;
}

}  // namespace protogres::db
