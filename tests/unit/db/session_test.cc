// How a cancel and a Session's connection meet, with a fake connection: the moments that a real one seldom shows.
#include "db/session.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <new>
#include <thread>

#include "status/sqlstate.h"
#include "status/status.h"

namespace protogres::db {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;

struct Fake {
  std::function<absl::Status()> execute = [] { return absl::OkStatus(); };
  std::function<absl::Status()> ping = [] { return absl::OkStatus(); };
  std::function<void()> cancel = [] {};
  std::function<void()> shut = [] {};
  milliseconds patience{30000};
  std::atomic<int> cancels = 0;
  std::atomic<int> pings = 0;
  std::atomic<int> closed = 0;
  std::atomic<int> rollbacks = 0;
  std::atomic<bool> alive = true;
};

class FakeStopper : public Stopper {
 public:
  explicit FakeStopper(Fake& fake) : fake_(fake) {}
  void Ask() override {
    fake_.cancel();
    ++fake_.cancels;
  }
  void Shut() override { fake_.shut(); }
  milliseconds patience() const override { return fake_.patience; }

 private:
  Fake& fake_;
};

class FakeConnection : public Connection {
 public:
  explicit FakeConnection(Fake& fake) : fake_(fake) {}
  ~FakeConnection() override { ++fake_.closed; }
  absl::StatusOr<Rows> Execute(const std::string&, std::span<const Param>, bool) override {
    const absl::Status status = fake_.execute();
    if (!status.ok()) return status;
    return Rows();
  }
  absl::Status OpenRows(const std::string&, std::span<const Param>) override { return absl::OkStatus(); }
  absl::StatusOr<bool> FetchRows(TakeRow) override { return false; }
  absl::Status OpenCopy(const std::string&) override { return absl::OkStatus(); }
  absl::Status PutCopy(std::string_view) override { return absl::OkStatus(); }
  absl::StatusOr<std::int64_t> CloseCopy() override { return 0; }
  absl::Status Abandon() override { return absl::OkStatus(); }
  absl::Status Begin(const std::string&) override { return absl::OkStatus(); }
  absl::Status Commit() override { return fake_.execute(); }
  absl::Status Rollback() override {
    ++fake_.rollbacks;
    return absl::OkStatus();
  }
  absl::Status Ping() override {
    ++fake_.pings;
    return fake_.ping();
  }
  bool Idle() override { return fake_.alive; }
  bool Aborted() const override { return false; }
  bool Alive() const override { return fake_.alive; }
  const std::shared_ptr<Stopper>& stopper() const override { return stopper_; }
  absl::StatusOr<bool> AwaitNotification(milliseconds) override { return false; }

 private:
  Fake& fake_;
  const std::shared_ptr<Stopper> stopper_ = std::make_shared<FakeStopper>(fake_);
};

absl::Status QueryCancelled() {
  return status::ToStatus({"57014", "canceling statement due to user request", "", "", ""});
}

class SessionTest : public ::testing::Test {
 protected:
  static void Await(const std::function<bool()>& holds) {
    for (int i = 0; i < 2000 && !holds(); ++i) std::this_thread::sleep_for(milliseconds(1));
    EXPECT_TRUE(holds());
  }
  absl::Status Read(const Cancellation& cancellation, Transaction transaction = Transaction::kImplicit) {
    auto session = Session::Open(pool_, cancellation, {.transaction = transaction});
    return session.ok() ? (*session)->Read("SELECT 1", {}).status() : session.status();
  }

  Fake fake_;
  Pool pool_{{.pool_size = 1, .max_overflow = 0},
             [this] { return absl::StatusOr<std::unique_ptr<Connection>>(std::make_unique<FakeConnection>(fake_)); }};
};

TEST_F(SessionTest, ACancelThatOvertakesItsStatementIsSentAgain) {
  Cancellation cancellation;
  fake_.execute = [&] {
    cancellation.Cancel();
    Await([&] { return fake_.cancels == 3; });
    return QueryCancelled();
  };
  EXPECT_EQ(Read(cancellation).code(), StatusCode::kCancelled);
}

TEST_F(SessionTest, TheConnectionStaysUntilACancelInFlightIsDone) {
  Cancellation cancellation;
  std::atomic<bool> sending = false, sent = false;
  fake_.cancel = [&] {
    sending = true;
    std::this_thread::sleep_for(milliseconds(100));
    sent = true;
  };
  fake_.execute = [&] {
    cancellation.Cancel();
    Await([&] { return sending.load(); });
    return absl::OkStatus();
  };
  fake_.ping = [&] {
    EXPECT_TRUE(sent);
    return absl::OkStatus();
  };
  EXPECT_TRUE(Read(cancellation).ok()) << "it was done before the cancel";
  EXPECT_TRUE(sent);
  EXPECT_EQ(fake_.pings, 1);
  EXPECT_EQ(fake_.closed, 0);
}

TEST_F(SessionTest, ALateCancelMayHitOnePing) {
  Cancellation cancellation;
  fake_.execute = [&] {
    cancellation.Cancel();
    Await([&] { return fake_.cancels > 0; });
    return absl::OkStatus();
  };
  fake_.ping = [&] { return fake_.pings == 1 ? QueryCancelled() : absl::OkStatus(); };
  EXPECT_TRUE(Read(cancellation).ok());
  EXPECT_EQ(fake_.pings, 2);
  EXPECT_EQ(fake_.closed, 0);
}

TEST_F(SessionTest, WhatCannotBeProvenIdleIsClosed) {
  Cancellation cancellation;
  fake_.execute = [&] {
    cancellation.Cancel();
    Await([&] { return fake_.cancels > 0; });
    return QueryCancelled();
  };
  fake_.ping = [] { return QueryCancelled(); };
  EXPECT_EQ(Read(cancellation, Transaction::kExplicit).code(), StatusCode::kCancelled);
  EXPECT_EQ(fake_.rollbacks, 1);
  EXPECT_EQ(fake_.closed, 1);
}

TEST_F(SessionTest, WhatAnExceptionEndsIsNotCancelledAnyMore) {
  Cancellation cancellation;
  fake_.execute = []() -> absl::Status { throw std::bad_alloc(); };
  EXPECT_THROW(Read(cancellation).IgnoreError(), std::bad_alloc);
  EXPECT_EQ(pool_.stats().lent, 0);
  cancellation.Cancel();
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(fake_.cancels, 0);
}

TEST_F(SessionTest, WhatDoesNotAnswerACancelIsGivenUp) {
  std::atomic<bool> shut = false;
  fake_.patience = milliseconds(100);
  fake_.shut = [&] { shut = true; };
  Cancellation cancellation;
  fake_.execute = [&] {
    cancellation.Cancel();
    Await([&] { return shut.load(); });
    fake_.alive = false;
    return status::ToStatus({"08006", "the connection was lost", "", "", ""});
  };
  const absl::Status status = Read(cancellation);
  EXPECT_EQ(status.code(), StatusCode::kCancelled) << status;
  EXPECT_GE(fake_.closed, 1);
}

TEST_F(SessionTest, ACancelWithoutAnAnswerHoldsUpNeitherOthersNorItsOwnSession) {
  std::atomic<bool> stuck = false, release = false;
  fake_.patience = milliseconds(200);
  fake_.cancel = [&] {
    stuck = true;
    Await([&] { return release.load(); });
  };
  Fake other;
  Pool others{{.pool_size = 1, .max_overflow = 0},
              [&] { return absl::StatusOr<std::unique_ptr<Connection>>(std::make_unique<FakeConnection>(other)); }};
  Cancellation first, second;
  other.execute = [&] {
    second.Cancel();
    Await([&] { return other.cancels > 0; });
    return QueryCancelled();
  };
  fake_.execute = [&] {
    first.Cancel();
    Await([&] { return stuck.load(); });
    return absl::OkStatus();
  };
  EXPECT_TRUE(Read(first).ok()) << "it was done before the cancel";
  EXPECT_FALSE(release) << "its cancel is still on its way";
  EXPECT_EQ(fake_.closed, 1) << "so its connection is not lent again";
  auto session = Session::Open(others, second);
  ASSERT_TRUE(session.ok());
  EXPECT_EQ((*session)->Read("SELECT 1", {}).status().code(), StatusCode::kCancelled);
  EXPECT_FALSE(release);
  release = true;
  Await([&] { return fake_.cancels > 0; });
  std::this_thread::sleep_for(milliseconds(50));
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
  fake_.execute = [] { return QueryCancelled(); };
  const absl::Status status = Read(never);
  EXPECT_EQ(status.code(), StatusCode::kAborted);
  EXPECT_EQ(status::ReasonOf(status), "QUERY_CANCELLED");
}

TEST_F(SessionTest, WithoutACancelThereIsNoRoundTripMore) {
  const Cancellation never;
  EXPECT_TRUE(Read(never).ok());
  EXPECT_TRUE(Read(never).ok());
  EXPECT_EQ(fake_.pings, 0);
}

TEST_F(SessionTest, ALostConnectionIsClosed) {
  const Cancellation never;
  fake_.execute = [&] {
    fake_.alive = false;
    return status::ToStatus({"57P01", "terminating connection", "", "", ""});
  };
  EXPECT_EQ(Read(never).code(), StatusCode::kUnavailable);
  EXPECT_GE(fake_.closed, 1) << "and, where it was made already, the one that was to replace it";
}

TEST_F(SessionTest, AnErrorOfAForeignServerCostsTheOneConnection) {
  const Cancellation never;
  fake_.execute = [] { return status::ToStatus({"08001", "could not connect to server \"far\"", "", "", ""}); };
  EXPECT_EQ(Read(never).code(), StatusCode::kUnavailable);
  EXPECT_EQ(fake_.closed, 1);
  EXPECT_TRUE(pool_.available());
}

}  // namespace
}  // namespace protogres::db
