// Transactions that begin with settings and a function, on a real PostgreSQL.
#include "db/opening.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "db/session.h"
#include "status/status.h"
#include "support/database.h"

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
      CREATE FUNCTION refuse() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'not you'; END $$;)");
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

}  // namespace
}  // namespace protogres::db
