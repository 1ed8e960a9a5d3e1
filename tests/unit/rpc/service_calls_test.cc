#include "rpc/service_calls.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "db/memory.h"
#include "gtest/gtest.h"
#include "status/status.h"
#include "unit/rpc/fake_call.h"

namespace protogres::rpc {
namespace {

constexpr int kMostOfPeer = 16;

std::vector<std::unique_ptr<FakeCall>> CallsOf(const std::string& peer, int count) {
  std::vector<std::unique_ptr<FakeCall>> calls;
  for (int i = 0; i < count; ++i) calls.push_back(std::make_unique<FakeCall>(peer));
  return calls;
}

TEST(ServiceCallsTest, AConnectionHasSixteen) {
  ServiceCalls open;
  const auto calls = CallsOf("ipv4:127.0.0.1:1", kMostOfPeer + 1);
  for (int i = 0; i < kMostOfPeer; ++i) EXPECT_TRUE(open.Add(*calls[i]).ok());
  EXPECT_EQ(status::ReasonOf(open.Add(*calls.back())), "TOO_MANY_CALLS");
  FakeCall other("ipv4:127.0.0.1:2");
  EXPECT_TRUE(open.Add(other).ok());
  open.Remove(*calls.front());
  EXPECT_TRUE(open.Add(*calls.back()).ok());
}

TEST(ServiceCallsTest, AllConnectionsToAUnixSocketHaveOneName) {
  ServiceCalls open;
  for (const auto& call : CallsOf("unix:", kMostOfPeer + 1)) EXPECT_TRUE(open.Add(*call).ok());
}

TEST(ServiceCallsTest, AllTogetherHaveAnEighthOfTheMemory) {
  const std::int64_t limit = db::Memory::OfProcess().limit();
  db::Memory::OfProcess().SetLimit(20 * 8 * 16 * 1024);
  ServiceCalls open;
  const auto calls = CallsOf("unix:", 21);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(open.Add(*calls[i]).ok());
  EXPECT_EQ(status::ReasonOf(open.Add(*calls.back())), "TOO_MANY_CALLS");
  db::Memory::OfProcess().SetLimit(limit);
}

TEST(ServiceCallsTest, TheBoundHoldsForThoseThatComeAtTheSameTime) {
  constexpr int kThreads = 4;
  for (int round = 0; round < 50; ++round) {
    ServiceCalls open;
    const auto calls = CallsOf("ipv4:127.0.0.1:1", kThreads * kMostOfPeer);
    std::atomic<int> added{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kMostOfPeer; ++i) added += open.Add(*calls[thread * kMostOfPeer + i]).ok();
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(added, kMostOfPeer);
  }
}

TEST(ServiceCallsTest, OnlyThoseThatWereAddedAreWoken) {
  ServiceCalls open;
  FakeCall added, removed, later;
  EXPECT_TRUE(open.Add(added).ok() && open.Add(removed).ok());
  open.Remove(removed);
  for (FakeCall* call : {&added, &removed, &later}) open.Wake(call);
  EXPECT_EQ(added.wakes(), 1);
  EXPECT_EQ(removed.wakes() + later.wakes(), 0);
  open.Drain();
  EXPECT_EQ(added.wakes(), 2);
  EXPECT_TRUE(open.Add(later).ok());
  EXPECT_EQ(later.wakes(), 1) << "it has come while the drain began";
}

}  // namespace
}  // namespace protogres::rpc
