#include "exporter/turn.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace protogres::exporter {
namespace {

constexpr std::chrono::seconds kPatience{20};

TEST(TurnTest, WhoWaitsForTooLongGetsNone) {
  Turn turn;
  std::shared_ptr<void> first = turn.Await(kPatience);
  EXPECT_NE(first, nullptr);
  EXPECT_EQ(turn.Await(std::chrono::milliseconds(10)), nullptr);
  first.reset();
  EXPECT_NE(turn.Await(std::chrono::milliseconds(10)), nullptr);
}

TEST(TurnTest, OneAtATime) {
  Turn turn;
  std::atomic<int> at_once = 0;
  std::atomic<int> turns = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto mine = turn.Await(kPatience);
      EXPECT_EQ(++at_once, 1);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      --at_once;
      turns += mine != nullptr;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(turns, 8);
}

}  // namespace
}  // namespace protogres::exporter
