// Connections that are lost: between statements, in one, and in COMMIT.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <string>
#include <thread>

#include "db/connection.h"
#include "status/sqlstate.h"
#include "status/status.h"
#include "support/database.h"

namespace protogres::db {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

class LossTest : public ::testing::Test {
 protected:
  LossTest() {
    auto connection = Connect({.database = database_.uri()});
    EXPECT_TRUE(connection.ok()) << connection.status();
    if (!connection.ok()) return;
    connection_ = *std::move(connection);
    witness_ = *Connect({.database = database_.uri()});
    pid_ = std::stoi(std::string(*connection_->Execute("SELECT pg_backend_pid()", {}, false)->Cell(0, 0)));
  }

  void Terminate() { database_.Terminate("pid = " + std::to_string(pid_)); }

  // Runs `kill` once the backend executes something that sleeps.
  template <typename Kill>
  std::thread WhenItSleeps(Kill kill) {
    return std::thread([this, kill] {
      const std::string sleeps = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = ";
      for (int i = 0; i < 1000 && database_.Value(sleeps + std::to_string(pid_)) != "1"; ++i) {
        std::this_thread::sleep_for(milliseconds(5));
      }
      kill();
    });
  }

  // A crash of one backend makes the server end all the others and recover. It takes a moment to notice.
  void AwaitRecovery() {
    for (int i = 0; i < 1000 && witness_->Idle(); ++i) std::this_thread::sleep_for(milliseconds(10));
    for (int i = 0; i < 1000; ++i) {
      try {
        database_.Exec("SELECT 1");
        return;
      } catch (const std::exception&) {
        std::this_thread::sleep_for(milliseconds(10));
      }
    }
    FAIL() << "the server did not recover";
  }

  bool SoonNotIdle() {
    for (int i = 0; i < 500; ++i) {
      if (!connection_->Idle()) return true;
      std::this_thread::sleep_for(milliseconds(5));
    }
    return false;
  }

  absl::Status Execute(const std::string& sql, bool writes) { return connection_->Execute(sql, {}, writes).status(); }

  testing::Database database_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Connection> witness_;  // lives until the server has noticed the crash
  int pid_ = 0;
};

TEST_F(LossTest, BetweenStatements) {
  EXPECT_TRUE(connection_->Idle());
  Terminate();
  EXPECT_TRUE(SoonNotIdle()) << "the socket shows it without a round trip";
  const absl::Status status = Execute("SELECT 1", false);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
  EXPECT_TRUE(status::ConnectionLost(status));
  EXPECT_FALSE(connection_->Alive());
  EXPECT_EQ(Execute("SELECT 1", true).code(), StatusCode::kUnavailable) << "nothing was sent, so nothing is in doubt";
  EXPECT_EQ(connection_->Begin({}).code(), StatusCode::kUnavailable);
  EXPECT_FALSE(connection_->Ping().ok());
  EXPECT_FALSE(connection_->AwaitNotification(milliseconds(1)).ok());
}

TEST_F(LossTest, InAReadTheServersWordsAreKept) {
  std::thread killer = WhenItSleeps([this] { Terminate(); });
  const absl::Status status = Execute("SELECT pg_sleep(30)", false);
  killer.join();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
  EXPECT_EQ(status::MetadataOf(status, "sqlstate"), "57P01");
  EXPECT_THAT(std::string(status.message()), HasSubstr("administrator command"));
  EXPECT_FALSE(connection_->Alive());
}

TEST_F(LossTest, AWriteThatTheServerEndedIsKnownNotToBeCommitted) {
  database_.Exec("CREATE TABLE t (a text)");
  std::thread killer = WhenItSleeps([this] { Terminate(); });
  const absl::Status status = Execute("INSERT INTO t SELECT pg_sleep(30)::text", true);
  killer.join();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
  EXPECT_EQ(database_.Value("SELECT count(*) FROM t"), "0");
}

TEST_F(LossTest, AWriteWithoutAnAnswerIsInDoubt) {
  database_.Exec("CREATE TABLE t (a text)");
  std::thread killer = WhenItSleeps([this] { kill(pid_, SIGKILL); });
  const absl::Status status = Execute("INSERT INTO t SELECT pg_sleep(30)::text", true);
  killer.join();
  AwaitRecovery();
  EXPECT_EQ(status.code(), StatusCode::kUnknown) << status;
  EXPECT_EQ(status::ReasonOf(status), "COMMIT_IN_DOUBT");
  EXPECT_TRUE(status::ConnectionLost(status));
}

TEST_F(LossTest, AReadWithoutAnAnswerIsNot) {
  std::thread killer = WhenItSleeps([this] { kill(pid_, SIGKILL); });
  const absl::Status status = Execute("SELECT pg_sleep(30)", false);
  killer.join();
  AwaitRecovery();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
}

TEST_F(LossTest, TheErrorOfAnEarlierStatementIsNotToldAgain) {
  database_.Exec("CREATE TABLE taken (id int PRIMARY KEY); INSERT INTO taken VALUES (1)");
  for (const bool seen_before : {false, true}) {
    ASSERT_EQ(Execute("INSERT INTO taken VALUES (1)", true).code(), StatusCode::kAlreadyExists);
    Terminate();
    ASSERT_TRUE(SoonNotIdle());
    // Something else than a statement may be the first to read that the connection is lost.
    while (seen_before && connection_->AwaitNotification(milliseconds(10)).ok()) continue;
    const absl::Status status = Execute("SELECT 1", true);
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("taken")));
    EXPECT_EQ(status::MetadataOf(status, "constraint"), "");
    connection_ = *Connect({.database = database_.uri()});
    pid_ = std::stoi(std::string(*connection_->Execute("SELECT pg_backend_pid()", {}, false)->Cell(0, 0)));
  }
}

class CommitLossTest : public LossTest {
 protected:
  CommitLossTest() {
    database_.Exec(R"(
      CREATE TABLE t (a int);
      CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION slow();)");
    EXPECT_TRUE(connection_->Begin({}).ok());
    EXPECT_TRUE(Execute("INSERT INTO t VALUES (1)", true).ok());
  }
};

TEST_F(CommitLossTest, InCommitItIsInDoubt) {
  std::thread killer = WhenItSleeps([this] { kill(pid_, SIGKILL); });
  const absl::Status status = connection_->Commit();
  killer.join();
  AwaitRecovery();
  EXPECT_EQ(status.code(), StatusCode::kUnknown) << status;
  EXPECT_EQ(status::ReasonOf(status), "COMMIT_IN_DOUBT");
  EXPECT_FALSE(connection_->Alive());
  EXPECT_TRUE(connection_->Rollback().ok()) << "no transaction is open any more";
}

TEST_F(CommitLossTest, ACommitThatTheServerEndedIsKnownNotToBe) {
  std::thread killer = WhenItSleeps([this] { Terminate(); });
  const absl::Status status = connection_->Commit();
  killer.join();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
  EXPECT_EQ(database_.Value("SELECT count(*) FROM t"), "0");
}

TEST_F(CommitLossTest, WithinATransactionAStatementIsNeverInDoubt) {
  std::thread killer = WhenItSleeps([this] { kill(pid_, SIGKILL); });
  const absl::Status status = Execute("INSERT INTO t SELECT 1 FROM pg_sleep(30)", true);
  killer.join();
  AwaitRecovery();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
  EXPECT_FALSE(connection_->Rollback().ok());
}

}  // namespace
}  // namespace protogres::db
