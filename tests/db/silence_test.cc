// Connections that fall silent: nothing says that they are lost, and no answer comes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "db/session.h"
#include "status/status.h"
#include "support/database.h"
#include "support/proxy.h"

namespace protogres::db {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using SystemClock = std::chrono::system_clock;

constexpr milliseconds kTimeout{300};
// What waits for ever waits longer.
constexpr seconds kSoon{20};

class SilenceTest : public ::testing::Test {
 protected:
  SilenceTest() { database_.Exec("CREATE TABLE t (a int)"); }

  std::unique_ptr<Session> Open(const Cancellation& cancellation, Transaction transaction = Transaction::kImplicit) {
    auto session = Session::Open(pool_, cancellation, {.transaction = transaction});
    EXPECT_TRUE(session.ok()) << session.status();
    return session.ok() ? *std::move(session) : nullptr;
  }

  // Runs `work` with a Cancellation that its deadline cancels.
  template <typename Work>
  absl::Status ByDeadline(const Work& work) {
    Cancellation cancellation(SystemClock::now() + milliseconds(200));
    std::thread timer([&] {
      std::this_thread::sleep_for(milliseconds(200));
      cancellation.Cancel();
    });
    const absl::Status status = work(cancellation);
    timer.join();
    return status;
  }

  testing::Database database_;
  testing::Proxy proxy_{database_.uri()};
  const Cancellation never_;
  Pool pool_{{.pool_size = 1, .max_overflow = 0}, [uri = proxy_.uri()] {
               return Connect({.database = uri, .connect_timeout = seconds(1), .cancel_timeout = kTimeout});
             }};
  const Clock::time_point start_ = Clock::now();
};

TEST_F(SilenceTest, AStatementPastItsDeadlineIsGivenUpAndThePoolGoesOn) {
  ASSERT_TRUE(Open(never_)->Read("SELECT 1", {}).ok());
  proxy_.SetSilent(true, true);
  const absl::Status status =
      ByDeadline([&](const Cancellation& soon) { return Open(soon)->Read("SELECT 1", {}).status(); });
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << status;
  EXPECT_LT(Clock::now() - start_, kSoon);
  EXPECT_EQ(pool_.stats().lent, 0);
  proxy_.SetSilent(true, false);
  EXPECT_TRUE(Open(never_)->Read("SELECT 1", {}).ok()) << "on a new connection";
}

TEST_F(SilenceTest, AWriteThatIsGivenUpIsInDoubt) {
  ASSERT_TRUE(Open(never_)->Read("SELECT 1", {}).ok());
  proxy_.SetSilent(true, true);
  const absl::Status status =
      ByDeadline([&](const Cancellation& soon) { return Open(soon)->Write("INSERT INTO t VALUES (1)", {}).status(); });
  EXPECT_EQ(status::ReasonOf(status), "COMMIT_IN_DOUBT") << status;
}

TEST_F(SilenceTest, TheEndOfASessionIsBounded) {
  auto session = Open(never_, Transaction::kExplicit);
  ASSERT_TRUE(session->Write("INSERT INTO t VALUES (1)", {}).ok());
  proxy_.SetSilent(true, true);
  session.reset();
  EXPECT_LT(Clock::now() - start_, kSoon);
  EXPECT_EQ(pool_.stats().lent, 0);
}

TEST_F(SilenceTest, SoIsTheEndOfRowsThatAreNotRead) {
  auto session = Open(never_);
  ASSERT_TRUE(session->OpenRows("SELECT g FROM generate_series(1, 10000000) g", {}).ok());
  ASSERT_TRUE(session->FetchRows([](const Cells&) { return false; }).ok());
  proxy_.SetSilent(true, true);
  session.reset();
  EXPECT_LT(Clock::now() - start_, kSoon);
  EXPECT_EQ(pool_.stats().lent, 0);
}

TEST_F(SilenceTest, APingAndABeginAreBounded) {
  for (const bool ping : {true, false}) {
    proxy_.SetSilent(false, false);
    auto connection = Connect({.database = proxy_.uri(), .cancel_timeout = kTimeout});
    ASSERT_TRUE(connection.ok()) << connection.status();
    proxy_.SetSilent(true, true);
    const absl::Status status = ping ? (*connection)->Ping() : (*connection)->Begin({});
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
    EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("did not answer"));
    EXPECT_FALSE((*connection)->Alive());
  }
  EXPECT_LT(Clock::now() - start_, kSoon);
}

TEST_F(SilenceTest, ConnectingIsBounded) {
  proxy_.SetSilent(true, true);
  const auto connection = Connect({.database = proxy_.uri(), .connect_timeout = seconds(2)});
  EXPECT_EQ(connection.status().code(), StatusCode::kUnavailable) << connection.status();
  EXPECT_LT(Clock::now() - start_, kSoon);
}

TEST_F(SilenceTest, ACancelThatGetsNoAnswerHoldsUpNoOther) {
  Pool slow{{.pool_size = 1, .max_overflow = 0}, [uri = proxy_.uri()] {
              return Connect({.database = uri, .connect_timeout = seconds(1), .cancel_timeout = seconds(3)});
            }};
  Pool direct{{.pool_size = 1, .max_overflow = 0}, [uri = database_.uri()] { return Connect({.database = uri}); }};
  const auto sleep = [this](Pool& pool, Cancellation& cancellation) {
    auto session = Session::Open(pool, cancellation);
    ASSERT_TRUE(session.ok()) << session.status();
    EXPECT_EQ((*session)->Read("SELECT pg_sleep(60)", {}).status().code(), StatusCode::kCancelled);
  };
  Cancellation first, second;
  std::thread blocked([&] { sleep(slow, first); });
  std::thread other([&] { sleep(direct, second); });
  const std::string sleeps =
      "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()";
  while (database_.Value(sleeps) != "2") std::this_thread::sleep_for(milliseconds(5));
  proxy_.SetSilent(false, true);
  first.Cancel();
  std::this_thread::sleep_for(milliseconds(100));
  second.Cancel();
  other.join();
  EXPECT_EQ(slow.stats().lent, 1) << "while the first waits for the answer to its cancel";
  blocked.join();
}

}  // namespace
}  // namespace protogres::db
