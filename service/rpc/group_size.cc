#include "rpc/group_size.h"

#include <algorithm>
#include <bit>

namespace protogres::rpc {
namespace {

// A group is done soon if it takes at most this time, in seconds.
constexpr double kSoon = 0.010;
// A group of the double size is worth its time if each Task costs at most this fraction of its cost in the smaller
// group.
constexpr double kWorthIt = 0.75;
// The weight of the newest group in the cost that is learned.
constexpr double kNewest = 0.5;
// A larger group that was too slow is tried again after this time: a lock or a cold cache may have been the cause.
constexpr std::chrono::milliseconds kForget{500};

}  // namespace

std::size_t GroupSize::ClassOf(int size) {
  const auto width = static_cast<std::size_t>(std::bit_width(static_cast<unsigned>(std::max(1, size))));
  return std::min(width - 1, kClasses - 1);
}

bool GroupSize::Pays(std::size_t smaller) const {
  const double cost = learned_[smaller + 1].cost;
  return cost * (2 << smaller) <= kSoon || cost <= kWorthIt * learned_[smaller].cost;
}

int GroupSize::Limit(Time now) const {
  std::size_t i = 0;
  while (i + 1 < kClasses && learned_[i + 1].cost > 0 && Pays(i)) ++i;
  // The next group tries one class more than is known.
  const bool tried = i + 1 < kClasses && learned_[i + 1].cost > 0 && now - learned_[i + 1].when < kForget;
  if (learned_[i].cost > 0 && !tried) ++i;
  return std::clamp(1 << i, 1, std::max(1, most_));
}

GroupSize::Duration GroupSize::Expected(int size) const {
  // If only smaller groups are known, their cost is an upper bound: a Task costs as much in a smaller group, or more.
  std::size_t i = ClassOf(size);
  while (i > 0 && learned_[i].cost == 0) --i;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(learned_[i].cost * size));
}

void GroupSize::Ran(int size, Duration took, Time now) {
  const std::size_t own = ClassOf(size);
  const double cost = std::max(std::chrono::duration<double>(took).count() / std::max(1, size), 1e-9);
  Learned& learned = learned_[own];
  const bool known = learned.cost > 0 && now - learned.when < kForget;
  learned = {known ? learned.cost + kNewest * (cost - learned.cost) : cost, now};
  // A Task does not cost less in a smaller group. So if all groups have become slow, this is learned at once.
  for (std::size_t i = 0; i < own; ++i) {
    if (learned_[i].cost < learned.cost) learned_[i] = learned;
  }
}

}  // namespace protogres::rpc
