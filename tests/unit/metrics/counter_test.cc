#include "metrics/counter.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "metrics/counts.h"

namespace protogres::metrics {
namespace {

constexpr std::int64_t kBounds[] = {10, 20};

TEST(HistogramTest, AValueBelongsToTheFirstBoundThatIsNotSmaller) {
  Histogram histogram(kBounds);
  for (const std::int64_t value : {0, 10, 11, 20, 21, 1000}) histogram.Observe(value);
  EXPECT_EQ(histogram.count(0), 2U);
  EXPECT_EQ(histogram.count(1), 2U);
  EXPECT_EQ(histogram.count(2), 2U);
  EXPECT_EQ(histogram.sum(), 1062);
}

TEST(HistogramTest, NothingIsLostBetweenThreads) {
  Histogram histogram(kBounds);
  Counter counter;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10'000; ++j) {
        histogram.Observe(15);
        counter.Add(2);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(histogram.count(1), 40'000U);
  EXPECT_EQ(histogram.sum(), 600'000);
  EXPECT_EQ(counter.value(), 80'000U);
}

TEST(HistogramTest, BoundsGrow) {
  const TimeHistogram times;
  EXPECT_TRUE(std::ranges::is_sorted(times.bounds()));
  EXPECT_LE(times.bounds().size(), Histogram::kMostBounds);
  EXPECT_EQ(std::chrono::nanoseconds(times.bounds().back()), std::chrono::seconds(30));
  EXPECT_TRUE(std::ranges::is_sorted(Counts::OfProcess().group_sizes.bounds()));
}

}  // namespace
}  // namespace protogres::metrics
