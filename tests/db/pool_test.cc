// The Pool on a real PostgreSQL: what the server sees, and a server that goes away.
#include "db/pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "status/sqlstate.h"
#include "status/status.h"
#include "support/database.h"
#include "support/eventually.h"

namespace protogres::db {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kNever = Clock::time_point::max();

class PoolTest : public ::testing::Test {
 protected:
  std::unique_ptr<Pool> Make(PoolOptions options) {
    return std::make_unique<Pool>(
        options, [uri = database_.uri()] { return Connect({.database = uri + " application_name=pooled"}); });
  }

  int Backends() {
    return std::stoi(
        database_.Value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pooled' AND "
                        "datname = current_database()"));
  }

  static std::string Pid(const Lease& lease) {
    const auto rows = lease.connection().Execute("SELECT pg_backend_pid()", {}, false);
    return rows.ok() ? std::string(*rows->Cell(0, 0)) : rows.status().ToString();
  }

  static std::string NextPid(Pool& pool) {
    const auto lease = pool.Acquire(kNever);
    return lease.ok() ? Pid(*lease) : lease.status().ToString();
  }

  testing::Database database_;
};

TEST_F(PoolTest, ExhaustedAndOverflowClosed) {
  auto pool = Make({.pool_size = 1, .max_overflow = 2, .pool_timeout = milliseconds(30)});
  {
    std::vector<absl::StatusOr<Lease>> leases;
    for (int i = 0; i < 3; ++i) leases.push_back(pool->Acquire(kNever));
    EXPECT_EQ(Backends(), 3);
    const auto refused = pool->Acquire(kNever);
    EXPECT_EQ(refused.status().code(), StatusCode::kResourceExhausted);
    EXPECT_EQ(status::ReasonOf(refused.status()), "POOL_TIMEOUT");
  }
  EXPECT_TRUE(Eventually([&] { return Backends() == 1; }));
  pool.reset();
  EXPECT_TRUE(Eventually([&] { return Backends() == 0; })) << "the Pool closes what it has";
}

TEST_F(PoolTest, Recycles) {
  std::atomic<seconds> later = seconds(0);
  Pool pool(
      {.pool_size = 1, .max_overflow = 0, .pool_recycle = seconds(300)},
      [this] { return Connect({.database = database_.uri()}); }, [&later] { return Clock::now() + later.load(); });
  const std::string first = NextPid(pool);
  EXPECT_EQ(NextPid(pool), first);
  later = seconds(301);
  EXPECT_NE(NextPid(pool), first);
}

TEST_F(PoolTest, ATransactionLeftOpenEndsWithItsConnection) {
  database_.Exec("CREATE TABLE t (a int)");
  auto pool = Make({.pool_size = 1, .max_overflow = 0});
  std::string first;
  {
    const auto lease = pool->Acquire(kNever);
    first = Pid(*lease);
    ASSERT_TRUE(lease->connection().Begin({}).ok());
    ASSERT_TRUE(lease->connection().Execute("INSERT INTO t VALUES (1)", {}, true).ok());
  }
  EXPECT_NE(NextPid(*pool), first);
  EXPECT_EQ(database_.Value("SELECT count(*) FROM t"), "0");
}

TEST_F(PoolTest, ABackendKilledWhileIdleIsNotLent) {
  for (const bool pre_ping : {false, true}) {
    auto pool = Make({.pool_size = 1, .max_overflow = 0, .pool_pre_ping = pre_ping});
    const std::string first = NextPid(*pool);
    database_.Terminate("pid = " + first);
    const std::string second = NextPid(*pool);
    EXPECT_NE(second, first);
    EXPECT_EQ(second.find_first_not_of("0123456789"), std::string::npos) << second;
    EXPECT_TRUE(pool->available());
  }
}

TEST_F(PoolTest, PrePingSeesAPrimaryThatBecameReadOnly) {
  auto pool = Make({.pool_size = 1, .max_overflow = 0, .pool_pre_ping = true});
  std::string first;
  {
    const auto lease = pool->Acquire(kNever);
    first = Pid(*lease);
    ASSERT_TRUE(lease->connection().Execute("SET default_transaction_read_only = on", {}, false).ok());
  }
  EXPECT_NE(NextPid(*pool), first);
}

TEST_F(PoolTest, TheServersOwnLimitIsPassedOn) {
  database_.Exec("CREATE ROLE few LOGIN CONNECTION LIMIT 1");
  {
    Pool pool({.pool_size = 4}, [uri = database_.uri()] { return Connect({.database = uri + " user=few"}); });
    const auto one = pool.Acquire(kNever);
    ASSERT_TRUE(one.ok()) << one.status();
    const auto two = pool.Acquire(kNever);
    EXPECT_EQ(two.status().code(), StatusCode::kResourceExhausted) << two.status();
    EXPECT_EQ(status::MetadataOf(two.status(), "sqlstate"), "53300");
    EXPECT_THAT(std::string(two.status().message()), ::testing::Not(::testing::HasSubstr("few")));
    EXPECT_TRUE(pool.available());
  }
  database_.Exec("DROP ROLE few");
}

TEST_F(PoolTest, AServerThatGoesAwayAndComesBackUnderLoad) {
  for (const bool fast : {true, false}) {
    auto pool =
        Make({.pool_size = 4, .max_overflow = 0, .backoff_min = milliseconds(20), .backoff_max = milliseconds(100)});
    std::atomic<int> changes = 0;
    pool->OnAvailability([&](bool) { ++changes; });
    std::atomic<bool> stop = false;
    std::atomic<int> served = 0, unavailable = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < 6; ++i) {
      clients.emplace_back([&] {
        while (!stop) {
          auto lease = pool->Acquire(kNever);
          absl::Status status = lease.status();
          if (lease.ok()) {
            status = lease->connection().Execute("SELECT 1", {}, false).status();
            if (status::ConnectionLost(status)) lease->Lost();
          }
          ++(status.ok() ? served : unavailable);
          if (!status.ok()) {
            EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
            std::this_thread::sleep_for(milliseconds(1));
          }
        }
      });
    }
    EXPECT_TRUE(Eventually([&] { return served > 50; }));
    testing::Database::StopServer(fast);
    EXPECT_TRUE(Eventually([&] { return !pool->available(); }));
    const auto start = Clock::now();
    EXPECT_EQ(pool->Acquire(kNever).status().code(), StatusCode::kUnavailable);
    EXPECT_LT(Clock::now() - start, seconds(5)) << "at once, not after pool_timeout";
    testing::Database::StartServer();
    EXPECT_TRUE(Eventually([&] { return pool->available(); })) << "by itself";
    const int before = served;
    EXPECT_TRUE(Eventually([&] { return served > before + 50; }));
    stop = true;
    for (auto& client : clients) client.join();
    EXPECT_GT(unavailable, 0);
    EXPECT_EQ(changes % 2, 0);
    EXPECT_GE(changes, 2);
    EXPECT_LE(Backends(), 4);
  }
}

TEST_F(PoolTest, TheLossIsSeenWithoutTraffic) {
  auto pool = Make({.pool_size = 2, .backoff_min = milliseconds(20), .backoff_max = milliseconds(100)});
  NextPid(*pool);
  testing::Database::StopServer();
  EXPECT_TRUE(Eventually([&] { return !pool->available(); }));
  testing::Database::StartServer();
  EXPECT_TRUE(Eventually([&] { return pool->available(); }));
  EXPECT_GT(std::stoi(NextPid(*pool)), 0);
}

}  // namespace
}  // namespace protogres::db
