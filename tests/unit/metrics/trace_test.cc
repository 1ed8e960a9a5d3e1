#include "metrics/trace.h"

#include <chrono>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::metrics {
namespace {

using std::chrono::microseconds;

TEST(TraceTest, IsThatOfItsThreadWhileItLives) {
  EXPECT_EQ(Trace::Current(), nullptr);
  {
    const Trace off(false);
    EXPECT_EQ(Trace::Current(), nullptr);
    Trace outer(true);
    EXPECT_EQ(Trace::Current(), &outer);
    {
      Trace inner(true);
      EXPECT_EQ(Trace::Current(), &inner);
      std::thread([] { EXPECT_EQ(Trace::Current(), nullptr); }).join();
    }
    EXPECT_EQ(Trace::Current(), &outer);
  }
  EXPECT_EQ(Trace::Current(), nullptr);
}

TEST(TraceTest, NotesStatementsOnOneLine) {
  Trace trace(true);
  EXPECT_EQ(trace.Text(), "");
  trace.Add("BEGIN", microseconds(50));
  trace.Add("SELECT 1\n  FROM t", microseconds(1500));
  EXPECT_EQ(trace.Text(), "0.050 ms BEGIN; 1.500 ms SELECT 1 FROM t");
}

TEST(TraceTest, CutsWhatIsLong) {
  Trace trace(true);
  trace.Add(std::string(100'000, 'x'), microseconds(1));
  for (int i = 0; i < 100; ++i) trace.Add("SELECT 1", microseconds(1));
  EXPECT_LT(trace.Text().size(), 2000U);
  EXPECT_THAT(trace.Text(), testing::EndsWith("; and 93 more"));
}

}  // namespace
}  // namespace protogres::metrics
