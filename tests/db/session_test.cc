// Sessions on a real PostgreSQL: transactions, cancels, deadlines, lost backends.
#include "db/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "status/status.h"
#include "support/database.h"

namespace protogres::db {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using SystemClock = std::chrono::system_clock;

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() { database_.Exec("CREATE TABLE t (a int)"); }

  std::unique_ptr<Pool> MakePool(PoolOptions options = {}) {
    return std::make_unique<Pool>(options, [uri = database_.uri()] { return Connect({.database = uri}); });
  }

  std::unique_ptr<Session> Open(const Cancellation& cancellation, Transaction transaction = Transaction::kImplicit) {
    auto session = Session::Open(*pool_, cancellation, {.transaction = transaction});
    EXPECT_TRUE(session.ok()) << session.status();
    return session.ok() ? *std::move(session) : nullptr;
  }

  std::string Count() { return database_.Value("SELECT count(*) FROM t"); }

  void AwaitSleep() {
    const std::string sleeps =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()";
    for (int i = 0; i < 1000 && database_.Value(sleeps) != "1"; ++i) std::this_thread::sleep_for(milliseconds(5));
  }

  testing::Database database_;
  std::unique_ptr<Pool> pool_ = MakePool({.pool_size = 2, .max_overflow = 0});
};

TEST_F(SessionTest, ImplicitStatementsCommitThemselves) {
  const Cancellation never;
  auto session = Open(never);
  ASSERT_TRUE(session->Write("INSERT INTO t VALUES (1)", {}).ok());
  EXPECT_EQ(Count(), "1");
  EXPECT_TRUE(session->Commit().ok());
  EXPECT_TRUE(session->Rollback().ok());
  EXPECT_EQ(Count(), "1");
}

TEST_F(SessionTest, ExplicitOnesWithTheSession) {
  const Cancellation never;
  {
    auto session = Open(never, Transaction::kExplicit);
    ASSERT_TRUE(session->Write("INSERT INTO t VALUES (1)", {}).ok());
    EXPECT_EQ(Count(), "0");
    EXPECT_TRUE(session->Commit().ok());
    EXPECT_EQ(Count(), "1");
  }
  {
    auto session = Open(never, Transaction::kExplicit);
    ASSERT_TRUE(session->Write("INSERT INTO t VALUES (2)", {}).ok());
    EXPECT_EQ(session->Read("SELECT a FROM t WHERE a = 2", {})->size(), 1);
  }
  EXPECT_EQ(Count(), "1") << "no commit means abort";
  EXPECT_EQ(pool_->stats().idle, 1) << "and a clean connection";
}

TEST_F(SessionTest, AnErrorEndsTheTransactionButNotTheConnection) {
  const Cancellation never;
  {
    auto session = Open(never, Transaction::kExplicit);
    ASSERT_TRUE(session->Write("INSERT INTO t VALUES (1)", {}).ok());
    EXPECT_FALSE(session->Read("SELECT 1/0", {}).ok());
    EXPECT_FALSE(session->Commit().ok());
  }
  EXPECT_EQ(Count(), "0");
  EXPECT_EQ(pool_->stats().idle, 1);
}

TEST_F(SessionTest, ACancelReachesTheRunningStatement) {
  for (const auto transaction : {Transaction::kImplicit, Transaction::kExplicit}) {
    Cancellation cancellation;
    const auto start = Clock::now();
    {
      auto session = Open(cancellation, transaction);
      std::thread canceller([&] {
        AwaitSleep();
        cancellation.Cancel();
        cancellation.Cancel();
      });
      const absl::Status status = session->Read("SELECT pg_sleep(30)", {}).status();
      canceller.join();
      EXPECT_EQ(status.code(), StatusCode::kCancelled) << status;
      EXPECT_EQ(status::MetadataOf(status, "sqlstate"), "57014");
      EXPECT_EQ(session->Read("SELECT 1", {}).status().code(), StatusCode::kCancelled) << "nothing runs after it";
      EXPECT_EQ(session->Commit().code(),
                transaction == Transaction::kExplicit ? StatusCode::kCancelled : StatusCode::kOk);
    }
    EXPECT_LT(Clock::now() - start, seconds(10));
    EXPECT_EQ(pool_->stats().idle, 1) << "proven idle, so kept";
    const Cancellation never;
    EXPECT_TRUE(Open(never)->Read("SELECT 1", {}).ok());
  }
}

TEST_F(SessionTest, ADeadlineIsToldFromACancel) {
  Cancellation cancellation(SystemClock::now() + milliseconds(100));
  auto session = Open(cancellation);
  std::thread timer([&] {
    std::this_thread::sleep_for(milliseconds(150));
    cancellation.Cancel();
  });
  const absl::Status status = session->Read("SELECT pg_sleep(30)", {}).status();
  timer.join();
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << status;
  EXPECT_EQ(session->Read("SELECT 1", {}).status().code(), StatusCode::kDeadlineExceeded);
}

TEST_F(SessionTest, WhatIsCancelledBeforeIsNotExecuted) {
  Cancellation cancelled;
  cancelled.Cancel();
  EXPECT_TRUE(cancelled.cancelled());
  EXPECT_EQ(Session::Open(*pool_, cancelled).status().code(), StatusCode::kCancelled);
  const Cancellation late(SystemClock::now() - milliseconds(1));
  EXPECT_TRUE(late.past_deadline());
  EXPECT_EQ(Session::Open(*pool_, late).status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(pool_->stats().open, 0) << "no connection is made for it";

  Cancellation between;
  auto session = Open(between, Transaction::kExplicit);
  ASSERT_TRUE(session->Write("INSERT INTO t VALUES (1)", {}).ok());
  between.Cancel();
  EXPECT_EQ(session->Write("INSERT INTO t VALUES (2)", {}).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(session->Commit().code(), StatusCode::kCancelled);
  session.reset();
  EXPECT_EQ(Count(), "0");
}

TEST_F(SessionTest, CancelsOfOthersAndTimeouts) {
  const Cancellation never;
  {
    auto session = Open(never, Transaction::kExplicit);
    ASSERT_TRUE(session->Write("SET LOCAL statement_timeout = '20ms'", {}).ok());
    const absl::Status status = session->Read("SELECT pg_sleep(30)", {}).status();
    EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << status;
    EXPECT_EQ(status::ReasonOf(status), "STATEMENT_TIMEOUT");
  }
  auto session = Open(never);
  std::thread other([&] {
    AwaitSleep();
    database_.Exec("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
  });
  const absl::Status cancelled = session->Read("SELECT pg_sleep(30)", {}).status();
  EXPECT_EQ(cancelled.code(), StatusCode::kAborted);
  EXPECT_EQ(status::ReasonOf(cancelled), "QUERY_CANCELLED");
  other.join();
  EXPECT_TRUE(session->Read("SELECT 1", {}).ok());
}

// The rule that matters most here: whatever the moment of the cancel, the next request on the connection is unharmed.
TEST_F(SessionTest, ALateCancelNeverHitsTheNextRequest) {
  auto pool = MakePool({.pool_size = 1, .max_overflow = 0});
  std::mt19937 random(42);
  std::uniform_int_distribution<int> delay(0, 2500);
  const Cancellation never;
  int cancelled = 0;
  for (int i = 0; i < 500; ++i) {
    const auto transaction = i % 2 == 0 ? Transaction::kImplicit : Transaction::kExplicit;
    Cancellation cancellation;
    std::atomic<bool> started = false;
    std::thread canceller([&, wait = std::chrono::microseconds(delay(random))] {
      while (!started) std::this_thread::yield();
      std::this_thread::sleep_for(wait);
      cancellation.Cancel();
    });
    {
      auto session = Session::Open(*pool, cancellation, {.transaction = transaction});
      started = true;
      if (session.ok() && (*session)->Read("SELECT pg_sleep(0.001)", {}).status().code() == StatusCode::kCancelled) {
        ++cancelled;
      }
    }
    auto next = Session::Open(*pool, never);
    ASSERT_TRUE(next.ok()) << i << ": " << next.status();
    const auto rows = (*next)->Read("SELECT 1", {});
    ASSERT_TRUE(rows.ok()) << i << ": " << rows.status();
    canceller.join();
  }
  EXPECT_GT(cancelled, 0) << "no cancel came in time";
}

TEST_F(SessionTest, ManyCallsCancelledAtOnce) {
  auto pool = MakePool({.pool_size = 8, .max_overflow = 0});
  std::vector<std::unique_ptr<Cancellation>> cancellations;
  for (int i = 0; i < 16; ++i) cancellations.push_back(std::make_unique<Cancellation>());
  std::vector<std::thread> threads;
  for (auto& cancellation : cancellations) {
    threads.emplace_back([&] {
      auto session = Session::Open(*pool, *cancellation);
      const absl::Status status =
          session.ok() ? (*session)->Read("SELECT pg_sleep(60)", {}).status() : session.status();
      EXPECT_EQ(status.code(), StatusCode::kCancelled) << status;
    });
  }
  std::this_thread::sleep_for(milliseconds(200));
  for (auto& cancellation : cancellations) cancellation->Cancel();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(pool->stats().lent, 0);
  EXPECT_EQ(database_.Value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"), "0");
}

TEST_F(SessionTest, AKilledBackendIsReplaced) {
  const Cancellation never;
  {
    auto session = Open(never);
    std::thread killer([&] {
      AwaitSleep();
      database_.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    });
    EXPECT_EQ(session->Read("SELECT pg_sleep(30)", {}).status().code(), StatusCode::kUnavailable);
    killer.join();
  }
  EXPECT_TRUE(Open(never)->Read("SELECT 1", {}).ok());

  auto session = Open(never, Transaction::kExplicit);
  ASSERT_TRUE(session->Write("INSERT INTO t VALUES (1)", {}).ok());
  database_.Terminate("state = 'idle in transaction'");
  const absl::Status commit = session->Commit();
  EXPECT_FALSE(commit.ok());
  session.reset();
  EXPECT_EQ(Count(), "0");
  EXPECT_TRUE(Open(never)->Read("SELECT 1", {}).ok());
}

TEST_F(SessionTest, WaitingForAConnectionHonoursTheDeadline) {
  auto pool = MakePool({.pool_size = 1, .max_overflow = 0});
  const Cancellation never;
  auto held = Session::Open(*pool, never);
  ASSERT_TRUE(held.ok());
  const Cancellation soon(SystemClock::now() + milliseconds(50));
  EXPECT_EQ(Session::Open(*pool, soon).status().code(), StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace protogres::db
