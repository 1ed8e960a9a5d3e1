// Transactions that begin with settings and a function, on a real PostgreSQL.
#include "db/opening.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "db/session.h"
#include "status/status.h"
#include "support/database.h"
#include "support/proxy.h"

namespace protogres::db {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

class OpeningTest : public ::testing::Test {
 protected:
  OpeningTest() {
    database_.Exec(R"(
      CREATE TABLE t (a text);
      CREATE FUNCTION note() RETURNS void LANGUAGE sql AS $$ INSERT INTO t VALUES (current_setting('app.who')) $$;
      CREATE FUNCTION refuse() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'not you'; END $$;
      CREATE TABLE once (a int UNIQUE DEFERRABLE INITIALLY DEFERRED);
      INSERT INTO once VALUES (1);
      CREATE TABLE late (a int);  -- its COMMIT is slow
      CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION slow();)");
  }

  absl::StatusOr<std::unique_ptr<Session>> Open(Transaction transaction, std::vector<Setting> settings,
                                                std::string pre_request = "") {
    return Session::Open(*pool_, never_,
                         {.transaction = transaction,
                          .settings = std::make_shared<const std::vector<Setting>>(std::move(settings)),
                          .pre_request = std::move(pre_request)});
  }

  static std::string Cell(Session& session, const std::string& sql) {
    const auto rows = session.Read(sql, {});
    return rows.ok() ? std::string(rows->Cell(0, 0).value_or("(null)")) : rows.status().ToString();
  }

  testing::Database database_;
  std::unique_ptr<Pool> pool_ = std::make_unique<Pool>(PoolOptions{.pool_size = 1, .max_overflow = 0},
                                                       [uri = database_.uri()] { return Connect({.database = uri}); });
  const Cancellation never_;
};

TEST_F(OpeningTest, SettingsHoldForTheTransactionAlone) {
  for (const Transaction transaction : {Transaction::kImplicit, Transaction::kExplicit}) {
    {
      const auto session = Open(transaction, {{"app.who", "it's \\ me"}, {"role", "pg_monitor"}});
      ASSERT_TRUE(session.ok()) << session.status();
      EXPECT_EQ(Cell(**session, "SELECT current_setting('app.who')"), "it's \\ me");
      EXPECT_EQ(Cell(**session, "SELECT current_user"), "pg_monitor");
      EXPECT_TRUE((*session)->Commit().ok());
    }
    const auto session = Session::Open(*pool_, never_);
    EXPECT_EQ(Cell(**session, "SELECT current_setting('app.who', true)"), "");
    EXPECT_EQ(Cell(**session, "SELECT current_user = session_user"), "t");
  }
}

TEST_F(OpeningTest, TheFunctionIsCalledAfterTheSettings) {
  auto session = Open(Transaction::kExplicit, {{"app.who", "me"}}, "public.note");
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_EQ(Cell(**session, "SELECT count(*) FROM t"), "1");
  EXPECT_TRUE((*session)->Commit().ok());
  EXPECT_EQ(database_.Value("SELECT a FROM t"), "me");
}

TEST_F(OpeningTest, AnErrorOfTheOpeningLeavesNoTransaction) {
  // The first statement may be what brings the error.
  const auto run = [&](std::vector<Setting> settings, const std::string& function) {
    const auto session = Open(Transaction::kExplicit, std::move(settings), function);
    return session.ok() ? (*session)->Write("INSERT INTO t VALUES ('x')", {}).status() : session.status();
  };
  const absl::Status no_role = run({{"role", "nobody_of_this_name"}}, "");
  EXPECT_THAT(std::string(no_role.message()), HasSubstr("nobody_of_this_name"));
  const absl::Status refused = run({}, "public.refuse");
  EXPECT_THAT(std::string(refused.message()), HasSubstr("not you"));
  EXPECT_EQ(database_.Value("SELECT count(*) FROM t"), "0");
  const auto session = Session::Open(*pool_, never_);
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_EQ(Cell(**session, "SELECT count(*) FROM t"), "0") << "the connection is as good as before";
}

TEST_F(OpeningTest, ALostStatementBeginsTheTransactionAgainWithItsSettings) {
  const std::string sql = "SELECT current_setting('app.who', true)";
  for (const std::string lost : {"", "DEALLOCATE ALL"}) {
    for (int i = 0; i < 3; ++i) {
      const auto session = Open(Transaction::kExplicit, {{"app.who", "me"}});
      EXPECT_EQ(Cell(**session, sql), "me") << lost;
      EXPECT_TRUE((*session)->Commit().ok());
    }
    const auto session = Session::Open(*pool_, never_);
    if (lost.empty()) continue;
    EXPECT_TRUE((*session)->Write(lost, {}).ok());
  }
  const auto session = Open(Transaction::kExplicit, {{"app.who", "you"}});
  EXPECT_EQ(Cell(**session, sql), "you");
}

// What a transaction costs, on a connection by way of a proxy.
class RoundTripsTest : public OpeningTest {
 protected:
  RoundTripsTest() { Open({}).reset(); }

  std::unique_ptr<Session> Open(SessionOptions options) {
    auto session = Session::Open(far_, never_, options);
    EXPECT_TRUE(session.ok()) << session.status();
    return session.ok() ? *std::move(session) : nullptr;
  }

  void AwaitSleep() {
    const std::string sleeps = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    for (int i = 0; i < 1000 && database_.Value(sleeps) != "1"; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  static absl::Status Run(Session& session, const std::string& sql) { return session.Write(sql, {}).status(); }
  static SessionOptions As(Transaction transaction) {
    return {.transaction = transaction,
            .settings = std::make_shared<const std::vector<Setting>>(std::vector<Setting>{{"app.who", "me"}}),
            .pre_request = "public.note"};
  }

  // The round trips of `work`, after they have become few by its repetition.
  template <typename Work>
  int Trips(const Work& work) {
    for (int i = 0; i < 3; ++i) work();
    const int before = proxy_.round_trips();
    work();
    return proxy_.round_trips() - before;
  }

  testing::Proxy proxy_{database_.uri()};
  Pool far_{{.pool_size = 1, .max_overflow = 0, .reset_on_return = ResetOnReturn::kNone},
            [uri = proxy_.uri()] { return Connect({.database = uri}); }};
};

TEST_F(RoundTripsTest, AStatementThatIsATransactionTakesOne) {
  for (const SessionOptions& options : {SessionOptions{}, As(Transaction::kImplicit)}) {
    const int trips = Trips([&] {
      const auto session = Open(options);
      EXPECT_TRUE(session->Write("INSERT INTO t VALUES ('x') RETURNING a", {}).ok());
      EXPECT_FALSE(session->in_transaction());
      EXPECT_TRUE(session->Commit().ok());
    });
    EXPECT_EQ(trips, 1);
  }
  EXPECT_EQ(database_.Value("SELECT string_agg(n::text, ' ' ORDER BY a) FROM "
                            "(SELECT a, count(*) AS n FROM t GROUP BY a) AS t"),
            "4 8");
}

TEST_F(RoundTripsTest, AReadWithALimitCommitsAfterItWhereAFunctionMayHaveWritten) {
  const int trips = Trips([&] {
    const auto session = Open(As(Transaction::kImplicit));
    const auto rows = session->ReadSome("SELECT current_setting('app.who')", {}, 1000);
    EXPECT_EQ(rows.ok() ? rows->Cell(0, 0).value_or("") : rows.status().ToString(), "me");
  });
  EXPECT_EQ(trips, 2);
}

TEST_F(RoundTripsTest, BeginTakesNone) {
  const int trips = Trips([&] {
    const auto session = Open(As(Transaction::kExplicit));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(session->Write("INSERT INTO t VALUES ('x')", {}).ok());
    EXPECT_TRUE(session->in_transaction());
    EXPECT_TRUE(session->Commit().ok());
  });
  EXPECT_EQ(trips, 4);
  EXPECT_EQ(Trips([&] { EXPECT_TRUE(Open(As(Transaction::kExplicit))->Commit().ok()); }), 0) << "nothing was done";
}

TEST_F(RoundTripsTest, AnAnswerThatIsTooLargeIsReadAgainInPart) {
  const auto session = Open(As(Transaction::kImplicit));
  const auto rows = session->ReadSome(
      "SELECT repeat('x', 1000), current_setting('app.who') FROM generate_series(1, 9999)", {}, 100'000);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_TRUE(rows->cut());
  EXPECT_EQ(rows->Cell(0, 1), "me");
  EXPECT_EQ(Cell(*session, "SELECT count(*) FROM t"), "2") << "of the two reads that have succeeded";
  EXPECT_EQ(Cell(*session, "SELECT 1"), "1");
}

TEST_F(RoundTripsTest, WhatFailsLeavesNothingAndNoTransaction) {
  const auto session = Open(As(Transaction::kImplicit));
  EXPECT_EQ(session->Write("INSERT INTO once VALUES (1)", {}).status().code(), StatusCode::kAlreadyExists)
      << "found by COMMIT";
  EXPECT_EQ(session->Write("INSERT INTO once VALUES (2/0)", {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(database_.Value("SELECT count(*) FROM t"), "0");
  EXPECT_TRUE(session->Write("INSERT INTO once VALUES (3)", {}).ok());
  EXPECT_EQ(database_.Value("SELECT count(*) FROM once"), "2");
}

TEST_F(RoundTripsTest, AStalePlanIsMadeAgain) {
  database_.Exec("CREATE TABLE moving (a int); INSERT INTO moving VALUES (7)");
  for (const Transaction transaction : {Transaction::kImplicit, Transaction::kExplicit}) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(Cell(*Open(As(transaction)), "SELECT * FROM moving"), "7");
    database_.Exec("ALTER TABLE moving ADD COLUMN c" + std::to_string(static_cast<int>(transaction)) + " int");
    const auto session = Open(As(transaction));
    EXPECT_EQ(Cell(*session, "SELECT * FROM moving"), "7");
    EXPECT_TRUE(session->Commit().ok());
  }
}

TEST_F(RoundTripsTest, ManyNewStatementsDoNotCrowdEachOtherOut) {
  auto connection = *Connect({.database = database_.uri(), .statement_cache_size = 1});
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(connection->Begin({.settings = {{"app.who", "me"}}, .pre_request = "public.note", .alone = true}).ok());
    const auto rows = connection->Execute("SELECT " + std::to_string(i % 2), {}, false);
    ASSERT_TRUE(rows.ok()) << rows.status();
  }
}

Statement Insert(const std::string& value) {
  return {.sql = "INSERT INTO t VALUES ($1) RETURNING a", .params = {value}, .writes = true};
}

Statement Select(const std::string& sql) { return {.sql = sql, .params = {}}; }

TEST_F(RoundTripsTest, SeveralStatementsTakeOne) {
  const std::vector<Statement> statements = {Insert("a"), Insert("b"), Select("SELECT count(*) FROM t")};
  const int trips = Trips([&] {
    const auto session = Open(As(Transaction::kExplicit));
    std::vector<Rows> rows;
    const absl::Status status = session->RunAll(statements, /*commit=*/true, &rows);
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[1].Cell(0, 0), "b");
    EXPECT_EQ(session->affected(), 2);
    EXPECT_FALSE(session->in_transaction());
  });
  EXPECT_EQ(trips, 1);
  EXPECT_EQ(database_.Value("SELECT count(*) FROM t"), "12") << "and what the function notes";
}

TEST_F(RoundTripsTest, OfSeveralTheFirstThatFailsIsTold) {
  const std::vector<Statement> statements = {Insert("a"), Select("SELECT 1/0"), Insert("b")};
  for (const bool commit : {false, true}) {
    const auto session = Open(As(Transaction::kExplicit));
    std::vector<Rows> rows;
    const absl::Status status = session->RunAll(statements, commit, &rows);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
    EXPECT_EQ(rows.size(), 1U);
    EXPECT_TRUE(session->aborted());
    ASSERT_TRUE(session->Restart().ok());
    EXPECT_EQ(session->affected(), 0);
    EXPECT_TRUE(session->Write("INSERT INTO t VALUES ('restarted')", {}).ok());
    EXPECT_TRUE(session->Commit().ok());
  }
  std::vector<Rows> rows;
  EXPECT_EQ(Open(As(Transaction::kExplicit))->RunAll(std::vector{Insert("a"), Insert({"\0", 1})}, true, &rows).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(database_.Value("SELECT string_agg(a, ' ' ORDER BY a) FROM t"), "me me restarted restarted")
      << "the function has noted the two that were committed";
}

TEST_F(RoundTripsTest, WhatWasRolledBackHasAffectedNothing) {
  const auto session = Open(As(Transaction::kExplicit));
  EXPECT_TRUE(Run(*session, "INSERT INTO t VALUES ('x')").ok());
  EXPECT_EQ(session->affected(), 1);
  proxy_.Cut();
  EXPECT_EQ(session->Restart().code(), StatusCode::kUnavailable);
  EXPECT_FALSE(session->in_transaction());
  EXPECT_EQ(session->affected(), 0) << "so nobody takes it for committed";
}

TEST_F(RoundTripsTest, WhatTheCommitOfSeveralRefusesIsNotThere) {
  const std::vector<Statement> statements = {Insert("a"),
                                             {.sql = "INSERT INTO once VALUES (1)", .params = {}, .writes = true}};
  {
    const auto session = Open(As(Transaction::kExplicit));
    std::vector<Rows> rows;
    EXPECT_EQ(session->RunAll(statements, /*commit=*/true, &rows).code(), StatusCode::kAlreadyExists);
    EXPECT_EQ(rows.size(), 2U);
  }
  EXPECT_EQ(database_.Value("SELECT count(*) FROM t"), "0");
  const auto session = Open({});
  EXPECT_TRUE(session->Write("INSERT INTO t VALUES ('x')", {}).ok()) << "the connection is as good as before";
}

TEST_F(RoundTripsTest, SeveralLostStatementsArePreparedAgain) {
  const std::vector<Statement> statements = {Insert("a"), Insert("b"), Select("SELECT count(*) FROM t")};
  for (int i = 0; i < 5; ++i) {
    const auto session = Open(As(Transaction::kExplicit));
    std::vector<Rows> rows;
    const absl::Status status = session->RunAll(statements, /*commit=*/true, &rows);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(rows.size(), 3U);
    if (i != 3) continue;
    EXPECT_TRUE(Run(*session, "DEALLOCATE ALL").ok());
  }
  EXPECT_EQ(database_.Value("SELECT count(*) FROM t"), "15");
}

TEST_F(RoundTripsTest, TheCommitOfSeveralIsInDoubtToo) {
  const std::vector<Statement> statements = {Insert("a"),
                                             {.sql = "INSERT INTO late VALUES (1)", .params = {}, .writes = true}};
  const auto session = Open(As(Transaction::kExplicit));
  std::thread cutter([&] {
    AwaitSleep();
    proxy_.Cut();
  });
  std::vector<Rows> rows;
  const absl::Status status = session->RunAll(statements, /*commit=*/true, &rows);
  cutter.join();
  EXPECT_EQ(status::ReasonOf(status), "COMMIT_IN_DOUBT") << status;
  database_.Terminate("wait_event = 'PgSleep'");
}

TEST_F(RoundTripsTest, OnlyWhatWasSentToBeCommittedIsInDoubt) {
  for (const bool told : {false, true}) {
    for (const Transaction transaction : {Transaction::kImplicit, Transaction::kExplicit}) {
      auto session = Open(As(transaction));
      std::thread killer([&] {
        AwaitSleep();
        if (told) {
          database_.Terminate("wait_event = 'PgSleep'");
        } else {
          proxy_.Cut();
        }
      });
      const bool in_commit = transaction == Transaction::kImplicit;
      const absl::Status status =
          session->Write(in_commit ? "INSERT INTO late VALUES (1)" : "INSERT INTO t SELECT pg_sleep(30)::text", {})
              .status();
      killer.join();
      const std::string expected = told ? "SERVER_SHUTDOWN" : in_commit ? "COMMIT_IN_DOUBT" : "CONNECTION_LOST";
      EXPECT_EQ(status::ReasonOf(status), expected) << status;
      database_.Terminate("wait_event = 'PgSleep'");
    }
  }
  EXPECT_EQ(database_.Value("SELECT count(*) FROM late"), "0");
}

}  // namespace
}  // namespace protogres::db
