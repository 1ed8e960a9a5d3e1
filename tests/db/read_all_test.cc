// Several statements that read, whose answers are limited together, on a real PostgreSQL.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "db/pool.h"
#include "db/session.h"
#include "support/database.h"

namespace protogres::db {
namespace {

class ReadAllTest : public ::testing::Test {
 protected:
  std::unique_ptr<Session> Open() {
    auto session = Session::Open(*pool_, never_, {.transaction = Transaction::kExplicit, .read_only = true});
    EXPECT_TRUE(session.ok()) << session.status();
    return *std::move(session);
  }
  // Of some 100 bytes each.
  static Statement Lines(int count) {
    return {.sql = "SELECT repeat('x', 100) FROM generate_series(1, $1::int)", .params = {std::to_string(count)}};
  }
  // The last one takes a minute.
  static Statement Slow() {
    return {.sql = "SELECT repeat('x', 1000), CASE WHEN n > 5000 THEN pg_sleep(60) END FROM generate_series(1, 5001) n",
            .params = {}};
  }

  testing::Database database_;
  std::unique_ptr<Pool> pool_ = std::make_unique<Pool>(PoolOptions{.pool_size = 1, .max_overflow = 0},
                                                       [uri = database_.uri()] { return Connect({.database = uri}); });
  const Cancellation never_;
};

TEST_F(ReadAllTest, WhatFitsIsReadWhole) {
  const auto session = Open();
  for (int i = 0; i < 3; ++i) {  // prepared from the second time on
    std::vector<db::Rows> rows;
    const auto whole = session->ReadAll(std::vector{Lines(10), Lines(2000)}, false, 10'000'000, &rows);
    ASSERT_TRUE(whole.ok()) << whole.status();
    EXPECT_TRUE(*whole);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].size(), 10);
    EXPECT_EQ(rows[1].size(), 2000);
  }
  EXPECT_TRUE(session->Commit().ok());
}

TEST_F(ReadAllTest, AfterTooMuchTheTransactionGoesOn) {
  const auto session = Open();
  const auto pid = session->Read("SELECT pg_backend_pid()", {});
  ASSERT_TRUE(pid.ok());
  for (int i = 0; i < 3; ++i) {
    std::vector<db::Rows> rows;
    const auto whole = session->ReadAll(std::vector{Lines(10), Lines(200'000), Lines(20)}, false, 1'000'000, &rows);
    ASSERT_TRUE(whole.ok()) << whole.status();
    EXPECT_FALSE(*whole);
    EXPECT_TRUE(rows.empty());
    const auto fewer = session->ReadAll(std::vector{Lines(10), Lines(20)}, false, 1'000'000, &rows);
    ASSERT_TRUE(fewer.ok()) << fewer.status();
    EXPECT_TRUE(*fewer);
    EXPECT_EQ(rows.size(), 2U);
  }
  EXPECT_EQ(session->Read("SELECT pg_backend_pid()", {})->Cell(0, 0), pid->Cell(0, 0)) << "of the same connection";
  EXPECT_TRUE(session->Commit().ok());
}

TEST_F(ReadAllTest, TheLastMayCommit) {
  for (const std::int64_t most : {1'000'000, 100'000'000}) {
    auto session = Session::Open(*pool_, never_,
                                 {.transaction = Transaction::kExplicit, .read_only = true, .ends_with_reads = true});
    ASSERT_TRUE(session.ok());
    std::vector<db::Rows> rows;
    const auto whole = (*session)->ReadAll(std::vector{Lines(40'000)}, /*last=*/true, most, &rows);
    ASSERT_TRUE(whole.ok()) << whole.status();
    EXPECT_EQ(*whole, most > 10'000'000);
    EXPECT_FALSE((*session)->in_transaction());
    EXPECT_TRUE((*session)->Commit().ok());
  }
  EXPECT_TRUE(Open()->Read("SELECT 1", {}).ok()) << "the connection is whole";
}

TEST_F(ReadAllTest, WhatIsTooMuchAtTheEndIsNotWaitedFor) {
  const Statement slow = Slow();
  const Statement unsendable{.sql = "SELECT $1::text", .params = {std::string("a\0b", 3)}};
  // With the second one they are sent one by one.
  for (const auto& statements : {std::vector{slow}, std::vector{slow, unsendable}}) {
    const auto start = std::chrono::steady_clock::now();
    {
      auto session = Session::Open(*pool_, never_,
                                   {.transaction = Transaction::kExplicit, .read_only = true, .ends_with_reads = true});
      ASSERT_TRUE(session.ok());
      std::vector<db::Rows> rows;
      const auto whole = (*session)->ReadAll(statements, /*last=*/true, 1'000'000, &rows);
      ASSERT_TRUE(whole.ok()) << whole.status();
      EXPECT_FALSE(*whole);
      EXPECT_TRUE((*session)->Commit().ok());
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(40));
    // The cancel may come so late that the connection is given up with its transaction.
    const auto open = Open()->Read("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'", {});
    ASSERT_TRUE(open.ok()) << open.status();
    EXPECT_EQ(open->Cell(0, 0), "0") << "no transaction is left open";
  }
}

TEST_F(ReadAllTest, InACallThatReadsTheRestIsNotWaitedForEither) {
  auto session = Session::Open(*pool_, never_,
                               {.transaction = Transaction::kExplicit, .read_only = true, .ends_with_reads = true});
  ASSERT_TRUE(session.ok());
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 4; ++i) {  // at first with the BEGIN
    std::vector<db::Rows> rows;
    const auto whole = (*session)->ReadAll(std::vector{Slow(), Lines(20)}, /*last=*/false, 1'000'000, &rows);
    ASSERT_TRUE(whole.ok()) << whole.status();
    EXPECT_FALSE(*whole);
    EXPECT_TRUE(rows.empty());
    const auto fewer = (*session)->ReadAll(std::vector{Lines(10), Lines(20)}, /*last=*/false, 1'000'000, &rows);
    ASSERT_TRUE(fewer.ok()) << fewer.status();
    EXPECT_TRUE(*fewer);
    EXPECT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].size(), 10);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(40));
  EXPECT_TRUE((*session)->Commit().ok());
}

TEST_F(ReadAllTest, AmongWritesAnErrorAfterTooMuchIsToldToo) {
  const auto session = Session::Open(*pool_, never_, {.transaction = Transaction::kExplicit});
  ASSERT_TRUE(session.ok());
  std::vector<db::Rows> rows;
  const auto whole = (*session)->ReadAll(std::vector{Lines(100'000), Statement{.sql = "SELECT 1/0", .params = {}}},
                                         false, 1'000'000, &rows);
  EXPECT_EQ(whole.status().code(), absl::StatusCode::kInvalidArgument) << whole.status();
}

TEST_F(ReadAllTest, AnErrorIsThatOfItsStatement) {
  const auto session = Open();
  std::vector<db::Rows> rows;
  const auto whole =
      session->ReadAll(std::vector{Lines(1), Statement{.sql = "SELECT 1/0", .params = {}}}, false, 1'000, &rows);
  EXPECT_EQ(whole.status().code(), absl::StatusCode::kInvalidArgument) << whole.status();
  EXPECT_EQ(rows.size(), 1U);
}

}  // namespace
}  // namespace protogres::db
