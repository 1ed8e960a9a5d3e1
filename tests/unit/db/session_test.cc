// How a cancel and a Session's connection meet, with a fake database: the moments that a real one seldom shows.
#include "db/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <new>
#include <thread>

#include "status/sqlstate.h"
#include "status/status.h"
#include "support/eventually.h"
#include "support/fake_database.h"

namespace protogres::db {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class SessionTest : public ::testing::Test {
 protected:
  static void Await(const std::function<bool()>& holds) { EXPECT_TRUE(Eventually(holds)); }
  absl::Status Read(const Cancellation& cancellation, Transaction transaction = Transaction::kImplicit) {
    auto session = Session::Open(pool_, cancellation, {.transaction = transaction});
    return session.ok() ? (*session)->Read("SELECT 1", {}).status() : session.status();
  }

  FakeDatabase database_;
  Pool pool_{{.pool_size = 1, .max_overflow = 0}, database_.Factory()};
};

TEST_F(SessionTest, ACancelThatOvertakesItsStatementIsSentAgain) {
  Cancellation cancellation;
  database_.SetScript([&] {
    cancellation.Cancel();
    Await([&] { return database_.counts().asked >= 3; });
    return QueryCancelled();
  });
  EXPECT_EQ(Read(cancellation).code(), StatusCode::kCancelled);
}

TEST_F(SessionTest, TheConnectionStaysUntilACancelInFlightIsDone) {
  Cancellation cancellation;
  std::atomic<bool> sending = false, sent = false;
  database_.SetAsk([&] {
    sending = true;
    std::this_thread::sleep_for(milliseconds(100));
    sent = true;
  });
  database_.SetScript([&] {
    cancellation.Cancel();
    Await([&] { return sending.load(); });
    return Rows();
  });
  database_.SetPing([&] {
    EXPECT_TRUE(sent);
    return absl::OkStatus();
  });
  EXPECT_TRUE(Read(cancellation).ok()) << "it was done before the cancel";
  EXPECT_TRUE(sent);
  EXPECT_EQ(database_.counts().pings, 1);
  EXPECT_THAT(database_.counts().closed, IsEmpty());
}

TEST_F(SessionTest, ALateCancelMayHitOnePing) {
  Cancellation cancellation;
  database_.SetScript([&] {
    cancellation.Cancel();
    Await([&] { return database_.counts().asked > 0; });
    return Rows();
  });
  database_.SetPing([&] { return database_.counts().pings == 1 ? QueryCancelled() : absl::OkStatus(); });
  EXPECT_TRUE(Read(cancellation).ok());
  EXPECT_EQ(database_.counts().pings, 2);
  EXPECT_THAT(database_.counts().closed, IsEmpty());
}

TEST_F(SessionTest, WhatCannotBeProvenIdleIsClosed) {
  Cancellation cancellation;
  database_.SetScript([&] {
    cancellation.Cancel();
    Await([&] { return database_.counts().asked > 0; });
    return QueryCancelled();
  });
  database_.SetPing([] { return QueryCancelled(); });
  EXPECT_EQ(Read(cancellation, Transaction::kExplicit).code(), StatusCode::kCancelled);
  EXPECT_EQ(database_.counts().rollbacks, 1);
  EXPECT_THAT(database_.counts().closed, SizeIs(1));
}

TEST_F(SessionTest, WhatAnExceptionEndsIsNotCancelledAnyMore) {
  Cancellation cancellation;
  database_.SetScript([]() -> absl::StatusOr<Rows> { throw std::bad_alloc(); });
  EXPECT_THROW(Read(cancellation).IgnoreError(), std::bad_alloc);
  EXPECT_EQ(pool_.stats().lent, 0);
  cancellation.Cancel();
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(database_.counts().asked, 0);
}

TEST_F(SessionTest, WhatDoesNotAnswerACancelIsGivenUp) {
  std::atomic<bool> shut = false;
  database_.SetPatience(milliseconds(100));
  database_.SetShut([&] { shut = true; });
  Cancellation cancellation;
  database_.SetScript([&] {
    cancellation.Cancel();
    Await([&] { return shut.load(); });
    database_.LoseConnections();
    return status::ToStatus({"08006", "the connection was lost", "", "", ""});
  });
  const absl::Status status = Read(cancellation);
  EXPECT_EQ(status.code(), StatusCode::kCancelled) << status;
  EXPECT_THAT(database_.counts().closed, Not(IsEmpty()));
}

TEST_F(SessionTest, ACancelWithoutAnAnswerHoldsUpNeitherOthersNorItsOwnSession) {
  std::atomic<bool> stuck = false, release = false;
  database_.SetPatience(milliseconds(200));
  database_.SetAsk([&] {
    stuck = true;
    Await([&] { return release.load(); });
  });
  FakeDatabase other;
  Pool others{{.pool_size = 1, .max_overflow = 0}, other.Factory()};
  Cancellation first, second;
  other.SetScript([&] {
    second.Cancel();
    Await([&] { return other.counts().asked > 0; });
    return QueryCancelled();
  });
  database_.SetScript([&] {
    first.Cancel();
    Await([&] { return stuck.load(); });
    return Rows();
  });
  EXPECT_TRUE(Read(first).ok()) << "it was done before the cancel";
  EXPECT_FALSE(release) << "its cancel is still on its way";
  EXPECT_THAT(database_.counts().closed, SizeIs(1)) << "so its connection is not lent again";
  auto session = Session::Open(others, second);
  ASSERT_TRUE(session.ok());
  EXPECT_EQ((*session)->Read("SELECT 1", {}).status().code(), StatusCode::kCancelled);
  EXPECT_FALSE(release);
  release = true;
  Await([&] { return database_.counts().asked > 0; });
}

TEST_F(SessionTest, ACancelShortlyBeforeTheDeadlineIsTheDeadlines) {
  const auto check = [](milliseconds length, milliseconds wait) {
    Cancellation cancellation(std::chrono::system_clock::now() + length);
    std::this_thread::sleep_for(wait);
    cancellation.Cancel();
    return cancellation.Check().code();
  };
  EXPECT_EQ(check(milliseconds(300), milliseconds(285)), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(check(milliseconds(3600000), milliseconds(10)), StatusCode::kCancelled);
  Cancellation cancelled(std::chrono::system_clock::now() + milliseconds(1000));
  cancelled.Cancel();
  std::this_thread::sleep_for(milliseconds(1100));
  EXPECT_EQ(cancelled.Check().code(), StatusCode::kCancelled) << "the client was first";
}

TEST_F(SessionTest, ACancelOfSomebodyElseIsToBeTriedAgain) {
  const Cancellation never;
  database_.SetScript([] { return QueryCancelled(); });
  const absl::Status status = Read(never);
  EXPECT_EQ(status.code(), StatusCode::kAborted);
  EXPECT_EQ(status::ReasonOf(status), "QUERY_CANCELLED");
}

TEST_F(SessionTest, WithoutACancelThereIsNoRoundTripMore) {
  const Cancellation never;
  EXPECT_TRUE(Read(never).ok());
  EXPECT_TRUE(Read(never).ok());
  EXPECT_EQ(database_.counts().pings, 0);
}

TEST_F(SessionTest, ALostConnectionIsClosed) {
  const Cancellation never;
  database_.SetScript([&] {
    database_.LoseConnections();
    return status::ToStatus({"57P01", "terminating connection", "", "", ""});
  });
  EXPECT_EQ(Read(never).code(), StatusCode::kUnavailable);
  EXPECT_THAT(database_.counts().closed, Not(IsEmpty()));
}

TEST_F(SessionTest, AnErrorOfAForeignServerCostsTheOneConnection) {
  const Cancellation never;
  database_.SetScript([] { return status::ToStatus({"08001", "could not connect to server \"far\"", "", "", ""}); });
  EXPECT_EQ(Read(never).code(), StatusCode::kUnavailable);
  EXPECT_THAT(database_.counts().closed, SizeIs(1));
  EXPECT_TRUE(pool_.available());
}

}  // namespace
}  // namespace protogres::db
