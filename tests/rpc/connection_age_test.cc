// --max_connection_age and --max_connection_age_grace: a connection ends, and no call with it.
#include <thread>

#include "rpc/fixture.h"

namespace protogres::rpc {
namespace {

class RpcConnectionAgeTest : public RpcTest {
 protected:
  RpcConnectionAgeTest() { options_.max_connection_age = milliseconds(300); }

  // A client's channel is ready until it is told that its connection ends.
  bool IsToldToEnd() {
    return Eventually([this] { return channel_->GetState(false) != GRPC_CHANNEL_READY; });
  }
};

TEST_F(RpcConnectionAgeTest, AnOldConnectionEndsAndTheClientConnectsAnew) {
  Start();
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(Call().status.ok());
    EXPECT_TRUE(IsToldToEnd());
  }
}

TEST_F(RpcConnectionAgeTest, CallsInFlightFinish) {
  Start();
  database_.SetScript(database_.Blocking(Item("released")));
  auto running = CallAsync();
  ASSERT_TRUE(database_.AwaitBlocked(1));
  EXPECT_TRUE(IsToldToEnd());
  database_.Release();
  const Reply reply = running.get();
  EXPECT_TRUE(reply.status.ok()) << reply.status.error_message();
}

TEST_F(RpcConnectionAgeTest, CallsThatTakeLongerThanTheGraceEnd) {
  options_.max_connection_age_grace = milliseconds(100);
  Start();
  database_.SetScript(database_.Blocking(Item("released")));
  EXPECT_EQ(Call().status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(Eventually([this] { return database_.counts().asked > 0; })) << "the statement is cancelled";
}

TEST_F(RpcConnectionAgeTest, ConnectionsStayByDefault) {
  options_.max_connection_age = milliseconds(0);
  Start();
  ASSERT_TRUE(Call().status.ok());
  std::this_thread::sleep_for(milliseconds(500));
  EXPECT_EQ(channel_->GetState(false), GRPC_CHANNEL_READY);
}

}  // namespace
}  // namespace protogres::rpc
