// A Pool on a fake clock and a fake database, for its tests.
#ifndef PROTOGRES_TESTS_UNIT_DB_FAKE_POOL_H_
#define PROTOGRES_TESTS_UNIT_DB_FAKE_POOL_H_

#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "db/pool.h"
#include "support/eventually.h"
#include "support/fake_database.h"

namespace protogres::db {

inline constexpr auto kNever = Clock::time_point::max();

class FakePoolTest : public ::testing::Test {
 protected:
  std::unique_ptr<Pool> Make(PoolOptions options) {
    return std::make_unique<Pool>(options, server_.Factory(), [this] { return Clock::time_point(now_.load()); });
  }
  void Advance(Clock::duration by) { now_ = now_.load() + by; }

  static Lease Take(Pool& pool) {
    auto lease = pool.Acquire(kNever);
    EXPECT_TRUE(lease.ok()) << lease.status();
    return lease.ok() ? *std::move(lease) : Lease();
  }
  static FakeConnection& Fake(const Lease& lease) { return static_cast<FakeConnection&>(lease.connection()); }

  FakeDatabase server_;
  std::atomic<Clock::duration> now_ = Clock::now().time_since_epoch();
};

}  // namespace protogres::db

#endif  // PROTOGRES_TESTS_UNIT_DB_FAKE_POOL_H_
