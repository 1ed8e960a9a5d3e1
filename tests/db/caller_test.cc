// Sessions that run as their caller, on a real PostgreSQL.
#include "db/caller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "status/status.h"
#include "support/database.h"

namespace protogres::db {
namespace {

using absl::StatusCode;

std::shared_ptr<const Caller> CallerOf(const std::string& role, const std::string& claims = "{}") {
  const auto identity = std::make_shared<const std::pair<std::string, std::string>>(role, claims);
  return std::make_shared<const Caller>(
      Caller{.method = "/a.B/C", .identity = identity, .role = identity->first, .claims = identity->second});
}

class CallerTest : public ::testing::Test {
 protected:
  static std::string Who(Session& session) {
    const auto rows = session.Read("SELECT current_user || ' ' || current_setting('request.jwt.claims', true)", {});
    return rows.ok() ? std::string(rows->Cell(0, 0).value_or("(null)")) : rows.status().ToString();
  }

  testing::Database database_;
  std::unique_ptr<Pool> pool_ = std::make_unique<Pool>(PoolOptions{.pool_size = 1, .max_overflow = 0},
                                                       [uri = database_.uri()] { return Connect({.database = uri}); });
  const Cancellation never_;
};

TEST_F(CallerTest, EachSessionRunsAsItsCaller) {
  for (const std::string role : {"pg_monitor", "pg_signal_backend"}) {
    const Access access{*pool_, never_, CallerOf(role)};
    const auto session = access.Open();
    ASSERT_TRUE(session.ok()) << session.status();
    EXPECT_EQ(Who(**session), role + " {}");
    EXPECT_TRUE((*session)->Commit().ok());
  }
  const Access access{*pool_, never_};
  const auto session = access.Open();
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_FALSE((*session)->in_transaction());
  EXPECT_EQ(Who(**session), "postgres ");
}

TEST_F(CallerTest, TheRoleEndsWithATransactionThatFails) {
  {
    const Access access{*pool_, never_, CallerOf("pg_monitor")};
    const auto session = access.Open();
    EXPECT_FALSE((*session)->Write("SELECT 1 / 0", {}).ok());
  }
  const auto session = Access{*pool_, never_}.Open();
  EXPECT_EQ(Who(**session), "postgres ");
}

TEST_F(CallerTest, ARoleThatDoesNotExistIsDenied) {
  const Access access{*pool_, never_, CallerOf("nobody_of_this_name")};
  for (const Transaction transaction : {Transaction::kImplicit, Transaction::kExplicit}) {
    const auto called = access.Open({.transaction = transaction});
    ASSERT_TRUE(called.ok()) << "its first statement begins the transaction";
    EXPECT_EQ((*called)->Read("SELECT 1", {}).status().code(), StatusCode::kPermissionDenied);
  }
  const auto session = access.OpenAsServer({});
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_EQ(access.Assume(**session).code(), StatusCode::kPermissionDenied);
}

TEST_F(CallerTest, AssumingTellsWhichStatementFailed) {
  Caller caller = *CallerOf("pg_monitor");
  caller.pre_request = "no_such_function";
  const Access access{*pool_, never_, std::make_shared<const Caller>(caller)};
  ASSERT_EQ(access.Assuming().size(), 2);
  const auto session = access.OpenAsServer({});
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_EQ(status::MetadataOf(access.Assume(**session), "sqlstate"), "42883");
  EXPECT_TRUE((Access{*pool_, never_}).Assuming().empty());
}

TEST_F(CallerTest, TheServerMayStepInAndOut) {
  const Access access{*pool_, never_, CallerOf("pg_monitor", R"({"a":1})")};
  const auto session = access.OpenAsServer({});
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_TRUE((*session)->in_transaction());
  EXPECT_EQ(Who(**session), "(null)");
  ASSERT_TRUE(access.Assume(**session).ok());
  EXPECT_EQ(Who(**session), R"(pg_monitor {"a":1})");
  const auto run = [&](const Statement& statement) {
    std::vector<Rows> rows;
    return (*session)->RunAll({&statement, 1}, /*commit=*/false, &rows);
  };
  // The role that a statement of the caller has set is the one that comes back.
  ASSERT_TRUE((*session)->Write("SET LOCAL ROLE pg_monitor", {}).ok());
  ASSERT_TRUE(run(Suspend()).ok());
  EXPECT_EQ(Who(**session), R"(postgres {"a":1})");
  ASSERT_TRUE(run(Resume()).ok());
  EXPECT_EQ(Who(**session), R"(pg_monitor {"a":1})");
}

}  // namespace
}  // namespace protogres::db
