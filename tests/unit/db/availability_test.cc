// A database that goes away and comes back, with fake connections.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "contract/error.h"
#include "db/pool.h"
#include "unit/db/fake_pool.h"

namespace protogres::db {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

class AvailabilityTest : public FakePoolTest {};

TEST_F(AvailabilityTest, AGoneDatabaseFailsAtOnceAndComesBackByItself) {
  auto pool = Make({.backoff_min = milliseconds(5), .backoff_max = milliseconds(20)});
  std::mutex mutex;
  std::vector<bool> heard;
  pool->OnAvailability([&](bool now) {
    std::lock_guard lock(mutex);
    heard.push_back(now);
  });
  server_.SetDown(absl::UnavailableError("connection refused"));
  const auto refused = pool->Acquire(kNever);
  EXPECT_EQ(refused.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.status().message()), ::testing::HasSubstr("connection refused"));
  EXPECT_TRUE(refused.status().GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value());
  EXPECT_FALSE(pool->available());
  EXPECT_EQ(pool->Acquire(kNever).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(pool->stats().lent, 0);

  server_.SetDown(absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return pool->available(); }));
  EXPECT_EQ(pool->stats().idle, 1) << "the connection that proved it is kept";
  EXPECT_EQ(Fake(Take(*pool)).id, 1);
  EXPECT_TRUE(Eventually([&] {
    std::lock_guard lock(mutex);
    return heard.size() == 2;
  }));
  EXPECT_THAT(heard, ElementsAre(false, true));
}

TEST_F(AvailabilityTest, WaitersHearAtOnceThatTheDatabaseIsGone) {
  auto pool = Make({.pool_size = 1, .max_overflow = 0, .backoff_min = seconds(60)});
  Lease held = Take(*pool);
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(pool->Acquire(kNever).status().code(), StatusCode::kUnavailable); });
  }
  ASSERT_TRUE(Eventually([&] { return pool->stats().waiting == 3; }));
  server_.SetDown(absl::UnavailableError("gone"));
  held.Discard();
  held = Lease();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(pool->stats().lent, 0);
  EXPECT_EQ(pool->stats().waiting, 0);
}

TEST_F(AvailabilityTest, AFullServerIsNotAGoneOne) {
  auto pool = Make({.pool_size = 1, .max_overflow = 0});
  server_.SetDown(absl::ResourceExhaustedError("too many connections"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pool->Acquire(kNever).status().code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(pool->available());
  server_.SetDown(absl::OkStatus());
  Take(*pool);
}

TEST_F(AvailabilityTest, OurOwnBadPasswordIsNotTheClients) {
  auto pool = Make({.backoff_min = milliseconds(5)});
  server_.SetDown(absl::UnauthenticatedError("password authentication failed"));
  EXPECT_EQ(pool->Acquire(kNever).status().code(), StatusCode::kUnavailable);
}

TEST_F(AvailabilityTest, DeathIsSeenWithoutTraffic) {
  auto pool = Make({.backoff_min = milliseconds(5), .backoff_max = milliseconds(20)});
  FakeConnection* fake = nullptr;
  {
    const Lease lease = Take(*pool);
    fake = &Fake(lease);
  }
  server_.SetDown(absl::UnavailableError("gone"));
  fake->idle = false;
  EXPECT_TRUE(Eventually([&] { return !pool->available(); }));
  server_.SetDown(absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return pool->available(); }));
}

TEST_F(AvailabilityTest, AConnectionLostAmongGoodOnesIsMadeAgain) {
  auto pool = Make({});
  FakeConnection* fake = nullptr;
  {
    const Lease lease = Take(*pool);
    fake = &Fake(lease);
  }
  fake->idle = false;
  EXPECT_TRUE(Eventually([&] { return server_.Made() == 2; }));
  EXPECT_TRUE(pool->available());
}

TEST_F(AvailabilityTest, EndsWhileTheDatabaseIsGone) {
  auto pool = Make({.backoff_min = seconds(60), .backoff_max = seconds(60)});
  server_.SetDown(absl::UnavailableError("gone"));
  EXPECT_FALSE(pool->Acquire(kNever).ok());
  const auto start = Clock::now();
  pool.reset();
  EXPECT_LT(Clock::now() - start, seconds(5));
  EXPECT_EQ(server_.Alive(), 0);
}

}  // namespace
}  // namespace protogres::db
