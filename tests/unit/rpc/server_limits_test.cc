#include "rpc/server_limits.h"

#include <memory>

#include "gtest/gtest.h"
#include "unit/db/fake_pool.h"

namespace protogres::rpc {
namespace {

class ServerLimitsTest : public db::FakePoolTest {
 protected:
  const std::unique_ptr<db::Pool> pool_ = Make({.pool_size = 5, .max_overflow = 3});
  ServerOptions options_;
};

TEST_F(ServerLimitsTest, ThereAreAsManyWorkersAsConnectionsAndNeverMore) {
  EXPECT_EQ(ExecutorOptions(options_, *pool_).workers, 8);
  for (const int workers : {8, 9, 10'000}) {
    options_.workers = workers;
    EXPECT_EQ(ExecutorOptions(options_, *pool_).workers, 8);
    EXPECT_EQ(ExecutorOptions(options_, *pool_).spare, 0);
  }
}

TEST_F(ServerLimitsTest, FewerWorkersLeaveConnectionsToSpare) {
  options_.workers = 3;
  EXPECT_EQ(ExecutorOptions(options_, *pool_).workers, 3);
  EXPECT_EQ(ExecutorOptions(options_, *pool_).spare, 5);
}

TEST_F(ServerLimitsTest, SessionsAndStreamsHaveAPartOfThePoolUnlessTheOptionsSayMore) {
  EXPECT_EQ(MostHeld(*pool_), 7);
  EXPECT_EQ(LimitsOfSessions(options_, *pool_).most, 4);
  EXPECT_EQ(LimitsOfStreams(options_, *pool_).most, 2);
  options_.max_sessions = options_.max_streams = 0;
  EXPECT_EQ(LimitsOfSessions(options_, *pool_).most, 0);
  EXPECT_EQ(LimitsOfStreams(options_, *pool_).most, 0);
  const auto small = Make({.pool_size = 1, .max_overflow = 0});
  EXPECT_EQ(LimitsOfStreams({}, *small).most, 1);
  EXPECT_EQ(LimitsOfSessions({}, *small).most, 1);
  EXPECT_EQ(MostHeld(*small), 0);
}

}  // namespace
}  // namespace protogres::rpc
