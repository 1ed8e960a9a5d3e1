// Lending and giving back, with a fake clock and fake connections.
#include "db/pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "status/status.h"
#include "unit/db/fake_pool.h"

namespace protogres::db {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

class PoolTest : public FakePoolTest {};

TEST_F(PoolTest, LendsNoMoreThanItsCapacityAndKeepsPoolSize) {
  auto pool = Make({.pool_size = 2, .max_overflow = 1, .pool_timeout = milliseconds(0)});
  EXPECT_EQ(pool->capacity(), 3);
  EXPECT_EQ(pool->stats().open, 0);
  {
    Lease a = Take(*pool), b = Take(*pool), c = Take(*pool);
    EXPECT_EQ(pool->stats().lent, 3);
    const auto refused = pool->Acquire(kNever);
    EXPECT_EQ(refused.status().code(), StatusCode::kResourceExhausted);
    EXPECT_EQ(status::ReasonOf(refused.status()), "POOL_TIMEOUT");
    EXPECT_EQ(server_.counts().made, 3);
  }
  EXPECT_EQ(pool->stats().lent, 0);
  EXPECT_EQ(server_.counts().open, 3) << "the overflow is kept for what may come next";
  EXPECT_TRUE(Eventually([&] { return server_.counts().open == 2; })) << "and closed when nothing has";
  EXPECT_EQ(pool->stats().idle, 2);
}

TEST_F(PoolTest, OverflowThatIsUsedIsNotOpenedAgain) {
  auto pool = Make({.pool_size = 1, .max_overflow = 2});
  const auto end = Clock::now() + milliseconds(2500);  // the pool looks twice meanwhile
  while (Clock::now() < end) {
    Lease a = Take(*pool), b = Take(*pool), c = Take(*pool);
  }
  EXPECT_EQ(server_.counts().made, 3);
}

TEST_F(PoolTest, LendsTheSameConnectionAgain) {
  auto pool = Make({});
  Take(*pool);
  Take(*pool);
  EXPECT_EQ(server_.counts().made, 1);
}

TEST_F(PoolTest, TheOneIdleLongestIsLentFirst) {
  auto pool = Make({});
  {
    Lease a = Take(*pool), b = Take(*pool);
    { const Lease first = std::move(a); }
  }
  EXPECT_EQ(Fake(Take(*pool)).id, 1);
}

TEST_F(PoolTest, WithLifoTheLastOne) {
  auto pool = Make({.pool_use_lifo = true});
  {
    Lease a = Take(*pool), b = Take(*pool);
    { const Lease first = std::move(a); }
  }
  EXPECT_EQ(Fake(Take(*pool)).id, 2);
}

TEST_F(PoolTest, ALeaseMovesAndIsGivenBackOnce) {
  auto pool = Make({.pool_size = 2, .max_overflow = 0});
  Lease a = Take(*pool);
  Lease b = std::move(a);
  EXPECT_FALSE(a);
  EXPECT_TRUE(b);
  b = Take(*pool);
  EXPECT_EQ(pool->stats().lent, 1);
  EXPECT_EQ(pool->stats().idle, 1);
  Lease& same = b;
  b = std::move(same);
  EXPECT_TRUE(b);
  b = Lease();
  EXPECT_EQ(pool->stats().idle, 2);
}

TEST_F(PoolTest, TheDeadlineIsToldFromThePoolsTimeout) {
  Pool pool({.pool_size = 1, .max_overflow = 0, .pool_timeout = milliseconds(40)}, server_.Factory());
  const Lease only = Take(pool);
  const auto start = Clock::now();
  EXPECT_EQ(pool.Acquire(start + milliseconds(20)).status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_GE(Clock::now() - start, milliseconds(20));
  EXPECT_EQ(pool.Acquire(start - seconds(1)).status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(pool.Acquire(kNever).status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(pool.stats().waiting, 0);
}

TEST_F(PoolTest, WaitersAreServedInTheirOrder) {
  auto pool = Make({.pool_size = 1, .max_overflow = 0});
  std::mutex mutex;
  std::vector<int> order;
  std::vector<std::thread> threads;
  {
    const Lease held = Take(*pool);
    for (int i = 0; i < 5; ++i) {
      threads.emplace_back([&, i] {
        const Lease lease = Take(*pool);
        std::lock_guard lock(mutex);
        order.push_back(i);
      });
      ASSERT_TRUE(Eventually([&] { return pool->stats().waiting == i + 1; }));
    }
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(server_.counts().made, 1);
}

TEST_F(PoolTest, AWaiterGetsTheOverflowInsteadOfItsEnd) {
  auto pool = Make({.pool_size = 1, .max_overflow = 1});
  Lease a = Take(*pool), b = Take(*pool);
  std::thread waiter([&] { EXPECT_EQ(Fake(Take(*pool)).id, 2); });
  ASSERT_TRUE(Eventually([&] { return pool->stats().waiting == 1; }));
  b = Lease();
  waiter.join();
  EXPECT_EQ(server_.counts().made, 2);
}

TEST_F(PoolTest, AWaiterConnectsWhereTheConnectionGivenBackWasBad) {
  auto pool = Make({.pool_size = 1, .max_overflow = 0});
  Lease a = Take(*pool);
  std::thread waiter([&] { EXPECT_EQ(Fake(Take(*pool)).id, 2); });
  ASSERT_TRUE(Eventually([&] { return pool->stats().waiting == 1; }));
  a.Discard();
  a = Lease();
  waiter.join();
}

TEST_F(PoolTest, RecyclesWhenLentAndWhenGivenBackButNeverInBetween) {
  auto pool = Make({.pool_recycle = seconds(100)});
  Take(*pool);
  Advance(seconds(89));
  EXPECT_EQ(Fake(Take(*pool)).id, 1) << "the limit is shortened by at most a tenth";
  Advance(seconds(12));
  {
    const Lease lease = Take(*pool);
    EXPECT_EQ(Fake(lease).id, 2);
    Advance(seconds(200));
    EXPECT_TRUE(Fake(lease).Alive());
    EXPECT_EQ(server_.counts().open, 1);
  }
  EXPECT_EQ(server_.counts().open, 0) << "too old when it was given back";
}

TEST_F(PoolTest, LifetimesDiffer) {
  auto pool = Make({.pool_size = 40, .max_overflow = 0, .pool_recycle = seconds(1000)});
  {
    std::vector<Lease> leases;
    for (int i = 0; i < 40; ++i) leases.push_back(Take(*pool));
  }
  Advance(seconds(950));
  {
    std::vector<Lease> leases;
    for (int i = 0; i < 40; ++i) leases.push_back(Take(*pool));
  }
  EXPECT_GT(server_.counts().made, 40);
  EXPECT_LT(server_.counts().made, 80);
}

TEST_F(PoolTest, ZeroNeverRecycles) {
  auto pool = Make({.pool_recycle = seconds(0)});
  Take(*pool);
  Advance(std::chrono::hours(24 * 365));
  EXPECT_EQ(Fake(Take(*pool)).id, 1);
}

TEST_F(PoolTest, ADeadConnectionIsReplacedUnseen) {
  auto pool = Make({});
  FakeConnection* fake = nullptr;
  {
    const Lease lease = Take(*pool);
    fake = &Fake(lease);
  }
  fake->Lose();
  EXPECT_EQ(Fake(Take(*pool)).id, 2);
  EXPECT_EQ(server_.counts().pings, 0);
}

TEST_F(PoolTest, WhatIsNotIdleOnReturnIsDestroyed) {
  auto pool = Make({});
  Fake(Take(*pool)).Lose();
  {
    const Lease lease = Take(*pool);
    Fake(lease).Lose();
  }
  EXPECT_EQ(pool->stats().idle, 0);
  EXPECT_EQ(server_.counts().open, 0);
}

TEST_F(PoolTest, WhatTheServerIsAskedForComesAfterTheAnswer) {
  auto pool = Make(
      {.pool_size = 1, .max_overflow = 0, .pool_timeout = milliseconds(0), .reset_on_return = ResetOnReturn::kDiscard});
  {
    const LateReturns late;
    Take(*pool);
    EXPECT_EQ(pool->stats().lent, 1) << "kept until the answer has left";
    Take(*pool);  // the thread is given its own connection again
    EXPECT_EQ(pool->stats().lent, 1);
  }
  EXPECT_EQ(pool->stats().lent, 0);
  Take(*pool);
  EXPECT_EQ(pool->stats().lent, 0) << "not kept without a LateReturns";
  EXPECT_EQ(server_.counts().made, 1);
}

TEST_F(PoolTest, WhatIsNotAskedForIsGivenBackAtOnce) {
  auto pool = Make({.pool_size = 1, .max_overflow = 0});
  const LateReturns late;
  Take(*pool);
  EXPECT_EQ(pool->stats().lent, 0);
}

TEST_F(PoolTest, WithoutResetItIsSeenWhenItIsLent) {
  auto pool = Make({.reset_on_return = ResetOnReturn::kNone});
  {
    const Lease lease = Take(*pool);
    Fake(lease).Lose();
  }
  EXPECT_NE(Fake(Take(*pool)).id, 1);
}

TEST_F(PoolTest, PrePingReplacesADeadConnection) {
  auto pool = Make({.pool_pre_ping = true});
  {
    const Lease lease = Take(*pool);
    Fake(lease).SetPing(absl::UnavailableError("gone"));
  }
  EXPECT_EQ(server_.counts().pings, 0) << "a new one is not pinged";
  const Lease lease = Take(*pool);
  EXPECT_EQ(server_.counts().pings, 1);
  EXPECT_EQ(Fake(lease).id, 2);
}

TEST_F(PoolTest, InvalidateClosesTheIdleNowAndTheLentOnReturn) {
  auto pool = Make({.pool_size = 4});
  {
    Lease a = Take(*pool);
    { const Lease b = Take(*pool); }
    pool->Invalidate();
    EXPECT_THAT(server_.counts().closed, ElementsAre(2));
  }
  ASSERT_TRUE(Eventually([&] { return server_.counts().closed.size() == 2; }));
  EXPECT_GE(Fake(Take(*pool)).id, 3);
}

TEST_F(PoolTest, ConnectionsMadeSinceTheLossStay) {
  auto pool = Make({.pool_size = 4});
  Lease a = Take(*pool), b = Take(*pool), c = Take(*pool);
  a.Lost();
  a = Lease();
  EXPECT_GT(Fake(Take(*pool)).id, 3);
  b.Lost();
  b = Lease();
  EXPECT_GE(pool->stats().idle, 1) << "what was lost with the first says nothing new";
  c = Lease();
  EXPECT_THAT(server_.counts().closed, ElementsAre(1, 2, 3));
}

TEST_F(PoolTest, ManyThreadsNeverExceedTheCapacity) {
  auto pool = Make({.pool_size = 3, .max_overflow = 2, .backoff_min = milliseconds(1), .backoff_max = milliseconds(2)});
  std::atomic<int> lent = 0, most = 0, served = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 10; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 300; ++n) {
        auto lease = pool->Acquire(kNever);
        if (!lease.ok()) {
          EXPECT_EQ(lease.status().code(), StatusCode::kUnavailable);
          continue;
        }
        const int now = ++lent;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        ++served;
        if ((n + i) % 7 == 0) lease->Discard();
        if ((n + i) % 97 == 0) pool->Invalidate();
        if (i == 0 && n % 50 == 0)
          server_.SetConnecting(n % 100 == 0 ? absl::UnavailableError("gone") : absl::OkStatus());
        --lent;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  server_.SetConnecting(absl::OkStatus());
  EXPECT_LE(most, 5);
  EXPECT_GT(served, 0);
  EXPECT_TRUE(Eventually([&] { return pool->available(); }));
  const auto stats = pool->stats();
  EXPECT_EQ(stats.lent, 0);
  EXPECT_EQ(stats.waiting, 0);
  EXPECT_LE(stats.idle, 3);
  pool.reset();
  EXPECT_EQ(server_.counts().open, 0) << "a connection was lost sight of";
}

}  // namespace
}  // namespace protogres::db
