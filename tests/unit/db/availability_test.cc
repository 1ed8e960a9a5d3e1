// A database that goes away and comes back, with fake connections.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "db/pool.h"
#include "status/status.h"
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
  server_.SetConnecting(absl::UnavailableError("connection to secret.host refused"));
  const auto refused = pool->Acquire(kNever);
  EXPECT_EQ(refused.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.status().message()), ::testing::Not(::testing::HasSubstr("secret.host")));
  EXPECT_TRUE(refused.status().GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value());
  EXPECT_FALSE(pool->available());
  EXPECT_EQ(pool->Acquire(kNever).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(pool->stats().lent, 0);
  const auto heard_of = [&](std::size_t changes) {
    return Eventually([&] {
      std::lock_guard lock(mutex);
      return heard.size() == changes;
    });
  };
  // The listener hears the latest state: of one that has passed already it would not be told.
  EXPECT_TRUE(heard_of(1));

  server_.SetConnecting(absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return pool->available(); }));
  EXPECT_EQ(pool->stats().idle, 1) << "the connection that proved it is kept";
  EXPECT_EQ(Fake(Take(*pool)).id, 1);
  EXPECT_TRUE(heard_of(2));
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
  server_.SetConnecting(absl::UnavailableError("gone"));
  held.Discard();
  held = Lease();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(pool->stats().lent, 0);
  EXPECT_EQ(pool->stats().waiting, 0);
}

TEST_F(AvailabilityTest, AFullServerIsNotAGoneOne) {
  auto pool = Make({.pool_size = 1, .max_overflow = 0});
  server_.SetConnecting(absl::ResourceExhaustedError("too many connections"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pool->Acquire(kNever).status().code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(pool->available());
  server_.SetConnecting(absl::OkStatus());
  Take(*pool);
}

TEST_F(AvailabilityTest, OurOwnBadPasswordIsNotTheClients) {
  auto pool = Make({.backoff_min = milliseconds(5)});
  server_.SetConnecting(absl::UnauthenticatedError("password authentication failed"));
  EXPECT_EQ(pool->Acquire(kNever).status().code(), StatusCode::kUnavailable);
}

TEST_F(AvailabilityTest, DeathIsSeenWithoutTraffic) {
  auto pool = Make({.backoff_min = milliseconds(5), .backoff_max = milliseconds(20)});
  FakeConnection* fake = nullptr;
  {
    const Lease lease = Take(*pool);
    fake = &Fake(lease);
  }
  server_.SetConnecting(absl::UnavailableError("gone"));
  fake->Lose();
  EXPECT_TRUE(Eventually([&] { return !pool->available(); }));
  server_.SetConnecting(absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return pool->available(); }));
}

TEST_F(AvailabilityTest, AConnectionLostAmongGoodOnesIsMadeAgain) {
  auto pool = Make({});
  FakeConnection* fake = nullptr;
  {
    const Lease lease = Take(*pool);
    fake = &Fake(lease);
  }
  fake->Lose();
  EXPECT_TRUE(Eventually([&] { return server_.counts().made == 2; }));
  EXPECT_TRUE(pool->available());
}

TEST_F(AvailabilityTest, AnAttemptThatFailsRefusesNobodyWhileOtherConnectionsWork) {
  auto pool = Make({.pool_size = 2, .max_overflow = 2, .backoff_min = seconds(60), .backoff_max = seconds(60)});
  Lease a = Take(*pool), b = Take(*pool);
  server_.SetConnecting(absl::UnavailableError("could not translate the host's name"));
  std::thread waiter([&] { EXPECT_EQ(Fake(Take(*pool)).id, 1) << "it waits for one that is given back"; });
  ASSERT_TRUE(Eventually([&] { return server_.counts().attempted == 3 && pool->stats().waiting == 1; }));
  EXPECT_TRUE(pool->available());
  a = Lease();
  waiter.join();
  b = Lease();
  for (int i = 0; i < 10; ++i) {
    Lease c = Take(*pool), d = Take(*pool);
    EXPECT_TRUE(c && d);
  }
  EXPECT_TRUE(pool->available());
}

TEST_F(AvailabilityTest, WhileNoneCanBeMadeAnOldConnectionIsNotRecycled) {
  auto pool = Make({.pool_size = 1,
                    .max_overflow = 1,
                    .pool_recycle = seconds(100),
                    .backoff_min = seconds(60),
                    .backoff_max = seconds(60)});
  Lease a = Take(*pool);
  server_.SetConnecting(absl::UnavailableError("refused"));
  std::thread waiter([&] { EXPECT_EQ(Fake(Take(*pool)).id, 1); });
  ASSERT_TRUE(Eventually([&] { return server_.counts().attempted == 2 && pool->stats().waiting == 1; }));
  std::this_thread::sleep_for(milliseconds(50));  // the attempt has failed
  Advance(seconds(1000));
  a = Lease();
  waiter.join();
  EXPECT_EQ(Fake(Take(*pool)).id, 1);
  EXPECT_TRUE(pool->available());
}

TEST_F(AvailabilityTest, AnAttemptThatFailsAndAPingThatFailsAreAnOutage) {
  for (const bool alive : {true, false}) {
    auto pool = Make({.pool_size = 2, .max_overflow = 0, .backoff_min = seconds(60), .backoff_max = seconds(60)});
    FakeConnection* fake = nullptr;
    {
      const Lease a = Take(*pool), b = Take(*pool);
      fake = &Fake(a);
    }
    server_.SetPing([alive] { return alive ? absl::OkStatus() : absl::UnavailableError("no answer"); });
    server_.SetConnecting(absl::UnavailableError("refused"));
    const int pings = server_.counts().pings;
    fake->Lose();  // then the watcher makes another
    ASSERT_TRUE(Eventually([&] { return server_.counts().pings > pings; }));
    EXPECT_TRUE(alive ? pool->available() : Eventually([&] { return !pool->available(); }));
    server_.SetConnecting(absl::OkStatus());
  }
}

TEST_F(AvailabilityTest, AfterAnOutageRequestsAreServedAtOnce) {
  auto pool = Make({.backoff_min = milliseconds(20), .backoff_max = seconds(60)});
  server_.SetConnecting(absl::UnavailableError("gone"));
  // Longer than a delay that is doubled each time would need to become longer than the limit below.
  for (const auto end = Clock::now() + seconds(4); Clock::now() < end;) {
    EXPECT_FALSE(pool->Acquire(kNever).ok());
    std::this_thread::sleep_for(milliseconds(10));
  }
  const int attempts = server_.counts().attempted;
  EXPECT_LT(attempts, 4000 / 10 + 2) << "not one for each request";
  server_.SetConnecting(absl::OkStatus());
  const auto start = Clock::now();
  while (!pool->Acquire(kNever).ok()) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_LT(Clock::now() - start, milliseconds(900));
}

TEST_F(AvailabilityTest, ARequestAfterALongQuietOutageIsServedSoon) {
  auto pool = Make({.backoff_min = milliseconds(20), .backoff_max = seconds(60)});
  server_.SetConnecting(absl::UnavailableError("gone"));
  EXPECT_FALSE(pool->Acquire(kNever).ok());
  std::this_thread::sleep_for(seconds(5));  // after a while nobody wants a connection, and the delay grows
  server_.SetConnecting(absl::OkStatus());
  const auto start = Clock::now();
  while (!pool->Acquire(kNever).ok()) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_LT(Clock::now() - start, milliseconds(900));
}

TEST_F(AvailabilityTest, AnAttemptThatHangsIsOvertaken) {
  for (const int size : {1, 2, 12}) {
    auto pool = Make({.pool_size = size, .max_overflow = 0});
    server_.SetHanging(size);
    const auto start = Clock::now();
    std::vector<std::thread> threads;
    for (int i = 0; i < size; ++i) {
      threads.emplace_back([&] { EXPECT_TRUE(Take(*pool)); });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_LT(Clock::now() - start, seconds(2)) << size;
    EXPECT_LE(server_.counts().most_open, size + 1) << "the one that overtook them";
  }
}

TEST_F(AvailabilityTest, ADatabaseThatAnswersNothingIsGoneUntilItAnswersAgain) {
  for (const int size : {1, 2, 12}) {
    auto pool = Make({.pool_size = size, .max_overflow = 0, .silence = milliseconds(100)});
    std::vector<Lease> silent;
    for (int i = 0; i < size; ++i) silent.push_back(Take(*pool));
    server_.SetHanging(1000);
    EXPECT_TRUE(Eventually([&] { return !pool->available(); })) << size;
    const auto start = Clock::now();
    EXPECT_EQ(pool->Acquire(kNever).status().code(), StatusCode::kUnavailable);
    EXPECT_LT(Clock::now() - start, milliseconds(500));
    server_.SetHanging(0);
    EXPECT_TRUE(Eventually([&] { return pool->available(); })) << size;
  }
}

TEST_F(AvailabilityTest, ASilentDatabaseIsGoneAlsoWhereNobodyWaitsForLong) {
  Pool pool({.pool_size = 2, .max_overflow = 0, .silence = milliseconds(1500)}, server_.Factory());
  Lease a = Take(pool);
  server_.SetHanging(1000);
  const auto start = Clock::now();
  // A statement is given up now and then, and new connections are waited for in vain.
  a.Lost();
  a = Lease();
  while (pool.available() && Clock::now() - start < seconds(20)) {
    EXPECT_FALSE(pool.Acquire(Clock::now() + milliseconds(20)).ok());
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_FALSE(pool.available());
}

TEST_F(AvailabilityTest, SlowStatementsAreNoOutage) {
  auto pool = Make({.pool_size = 2, .max_overflow = 0, .silence = milliseconds(100)});
  const Lease a = Take(*pool), b = Take(*pool);
  std::this_thread::sleep_for(seconds(4));
  EXPECT_TRUE(pool->available()) << "a new connection could be made";
  EXPECT_LE(server_.counts().open, 3);
}

TEST_F(AvailabilityTest, EndsWhileAnAttemptHangs) {
  auto pool = Make({});
  server_.SetHanging(1000);
  pool->Invalidate();
  ASSERT_TRUE(Eventually([&] { return server_.counts().hanging == 1; }));
  const auto start = Clock::now();
  pool.reset();
  EXPECT_LT(Clock::now() - start, seconds(5));
}

TEST_F(AvailabilityTest, EndsWhileTheDatabaseIsGone) {
  auto pool = Make({.backoff_min = seconds(60), .backoff_max = seconds(60)});
  server_.SetConnecting(absl::UnavailableError("gone"));
  EXPECT_FALSE(pool->Acquire(kNever).ok());
  const auto start = Clock::now();
  pool.reset();
  EXPECT_LT(Clock::now() - start, seconds(5));
  EXPECT_EQ(server_.counts().open, 0);
}

}  // namespace
}  // namespace protogres::db
