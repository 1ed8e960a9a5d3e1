// Gets that run as groups in an overloaded server, while their deadlines pass.
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "rpc/fixture.h"

namespace protogres::rpc {
namespace {

using grpc::StatusCode;

class RpcGroupTest : public RpcTest {
 protected:
  RpcGroupTest() {
    options_.coalesce = true;
    options_.workers = 2;
  }
};

// A call whose deadline passes is finished by a worker or by the completion-queue thread, whichever sees it first,
// while others of its group go on. A sanitizer sees whether one touches what the other has finished.
TEST_F(RpcGroupTest, AnOverloadOfShortDeadlines) {
  Start();
  database_.SetScript([] {
    std::this_thread::sleep_for(milliseconds(2));
    return db::Rows();  // no such row
  });
  constexpr int kClients = 6, kRounds = 40, kCalls = 25;
  std::atomic<int> good{0}, late{0}, odd{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      std::minstd_rand random(static_cast<unsigned>(i + 1));
      const auto channel = NewChannel();
      for (int round = 0; round < kRounds; ++round) {
        for (const Reply& reply : CallMany(channel, kCalls, [&random] { return milliseconds(1 + random() % 40); })) {
          const auto code = reply.status.error_code();
          good += code == StatusCode::NOT_FOUND;
          late += code == StatusCode::DEADLINE_EXCEEDED;
          odd += code != StatusCode::NOT_FOUND && code != StatusCode::DEADLINE_EXCEEDED;
        }
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_GT(late, 0);
  EXPECT_EQ(odd, 0);
  EXPECT_EQ(good + late, kClients * kRounds * kCalls);
  EXPECT_EQ(Call().status.error_code(), StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace protogres::rpc
