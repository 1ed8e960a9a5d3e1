#include "rpc/group_size.h"

#include <chrono>

#include "gtest/gtest.h"

namespace protogres::rpc {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A database: what it takes to reach it, and what each row takes there.
struct Database {
  microseconds way;
  microseconds row;
  microseconds Takes(int size) const { return way + size * row; }
};

class GroupSizeTest : public testing::Test {
 protected:
  // Groups as large as may be, one after the other. The size of the last.
  int Run(const Database& database, int groups) {
    int size = 0;
    for (int i = 0; i < groups; ++i) {
      size = size_.Limit(now_);
      const auto took = database.Takes(size);
      now_ += took;
      size_.Ran(size, took, now_);
    }
    return size;
  }

  GroupSize size_{256};
  GroupSize::Time now_ = GroupSize::Time() + seconds(1000);
};

TEST_F(GroupSizeTest, BeginsWithOneAndDoubles) {
  EXPECT_EQ(size_.Limit(now_), 1);
  EXPECT_EQ(size_.Expected(10), GroupSize::Duration::zero());
  for (const int size : {1, 2, 4, 8, 16, 32, 64, 128, 256, 256}) {
    EXPECT_EQ(Run({microseconds(150), microseconds(10)}, 1), size);
  }
}

TEST_F(GroupSizeTest, SlowRowsRunAlone) {
  int many = 0;
  for (int i = 0; i < 100; ++i) many += Run({microseconds(150), milliseconds(50)}, 1) > 1;
  // It is tried from time to time whether they still are.
  EXPECT_LE(many, 15);
  EXPECT_LE(size_.Limit(now_), 2);
}

TEST_F(GroupSizeTest, AGroupIsDoneSoon) {
  const Database database{microseconds(150), microseconds(500)};
  Run(database, 50);
  EXPECT_LE(database.Takes(Run(database, 1)), milliseconds(25));
}

TEST_F(GroupSizeTest, ALongWayIsWorthALargeGroup) { EXPECT_EQ(Run({milliseconds(80), microseconds(10)}, 12), 256); }

TEST_F(GroupSizeTest, RowsThatBecomeSlowAreNoticedWithTheFirstGroup) {
  Run({microseconds(150), microseconds(10)}, 20);
  EXPECT_EQ(size_.Limit(now_), 256);
  const Database slow{microseconds(150), milliseconds(20)};
  Run(slow, 1);
  EXPECT_LE(Run(slow, 2), 2);
  EXPECT_GT(size_.Expected(256), seconds(2));
}

TEST_F(GroupSizeTest, WhatWasSlowOnceIsTriedAgain) {
  const Database fast{microseconds(150), microseconds(10)};
  Run(fast, 20);
  now_ += seconds(30);
  size_.Ran(256, seconds(30), now_);
  EXPECT_EQ(size_.Limit(now_), 1);
  const auto begin = now_;
  while (Run(fast, 1) < 256) ASSERT_LT(now_ - begin, seconds(2));
}

}  // namespace
}  // namespace protogres::rpc
