// One connection on a real PostgreSQL: defaults, values, errors, prepared statements.
#include "db/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <set>
#include <string>
#include <vector>

#include "status/sqlstate.h"
#include "status/status.h"
#include "support/database.h"

namespace protogres::db {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

class ConnectionTest : public ::testing::Test {
 protected:
  std::unique_ptr<Connection> Open(ConnectionOptions options = {}) {
    if (options.database.empty()) options.database = database_.uri();
    auto connection = Connect(options);
    EXPECT_TRUE(connection.ok()) << connection.status();
    return connection.ok() ? *std::move(connection) : nullptr;
  }

  static absl::StatusOr<Rows> Run(Connection& connection, const std::string& sql, std::vector<Param> params = {},
                                  bool writes = false) {
    return connection.Execute(sql, params, writes);
  }

  // The first cell; the error's words where it fails.
  static std::string Cell(Connection& connection, const std::string& sql, std::vector<Param> params = {}) {
    const auto rows = Run(connection, sql, std::move(params));
    if (!rows.ok()) return rows.status().ToString();
    if (rows->empty()) return "(no row)";
    return std::string(rows->Cell(0, 0).value_or("(null)"));
  }

  static int Prepared(Connection& connection) {
    // Always another text, so that it is never prepared itself.
    static int number = 0;
    return std::stoi(
        Cell(connection, "SELECT count(*) AS n" + std::to_string(++number) + " FROM pg_prepared_statements"));
  }

  testing::Database database_;
};

TEST_F(ConnectionTest, SessionDefaultsSurviveReset) {
  auto connection = Open();
  for (const char* reset : {"SELECT 1", "RESET ALL", "DISCARD ALL"}) {
    ASSERT_TRUE(Run(*connection, reset).ok());
    EXPECT_EQ(Cell(*connection, "SHOW client_encoding"), "UTF8");
    EXPECT_THAT(Cell(*connection, "SHOW DateStyle"), HasSubstr("ISO"));
    EXPECT_EQ(Cell(*connection, "SHOW IntervalStyle"), "iso_8601");
    EXPECT_EQ(Cell(*connection, "SHOW TimeZone"), "UTC");
    EXPECT_EQ(Cell(*connection, "SHOW bytea_output"), "hex");
    EXPECT_EQ(Cell(*connection, "SHOW extra_float_digits"), "1");
    EXPECT_EQ(Cell(*connection, "SHOW application_name"), "protogres");
  }
}

TEST_F(ConnectionTest, NeitherTheEnvironmentNorTheRoleNorTheUriChangesTheOutputFormats) {
  setenv("PGDATESTYLE", "German", 1);
  setenv("PGTZ", "Asia/Tokyo", 1);
  setenv("PGCLIENTENCODING", "LATIN1", 1);
  database_.Exec("ALTER DATABASE " + database_.name() + " SET IntervalStyle = 'postgres_verbose'");
  auto connection =
      Open({.database = database_.uri() +
                        " application_name=mine options='-c DateStyle=SQL -c bytea_output=escape -c work_mem=5MB'"});
  unsetenv("PGDATESTYLE");
  unsetenv("PGTZ");
  unsetenv("PGCLIENTENCODING");
  ASSERT_NE(connection, nullptr);
  EXPECT_EQ(Cell(*connection, "SELECT DATE '2024-02-01'"), "2024-02-01");
  EXPECT_EQ(Cell(*connection, "SELECT TIMESTAMPTZ '2024-02-01 00:00:00+00'"), "2024-02-01 00:00:00+00");
  EXPECT_EQ(Cell(*connection, "SELECT INTERVAL '1 day'"), "P1D");
  EXPECT_EQ(Cell(*connection, "SELECT BYTEA '\\x01'"), "\\x01");
  EXPECT_EQ(Cell(*connection, "SELECT 'ä'"), "ä");
  EXPECT_EQ(Cell(*connection, "SHOW work_mem"), "5MB") << "the user's own options stay";
  EXPECT_EQ(Cell(*connection, "SHOW application_name"), "mine");
}

TEST_F(ConnectionTest, ValuesGoAndComeExactly) {
  auto connection = Open();
  const std::string odd = "ä'\"\\\n\t;-- $1 %s 漢字 " + std::string(100000, 'x');
  for (int use = 0; use < 3; ++use) {  // unprepared, being prepared, prepared
    const auto rows = Run(*connection, "SELECT $1::text, $2::text, $3::text, $4::int", {odd, "", std::nullopt, "-7"});
    ASSERT_TRUE(rows.ok()) << rows.status();
    ASSERT_EQ(rows->size(), 1);
    ASSERT_EQ(rows->columns(), 4);
    EXPECT_EQ(rows->Cell(0, 0), odd);
    EXPECT_EQ(rows->Cell(0, 1), "") << "the empty text is not NULL";
    EXPECT_EQ(rows->Cell(0, 2), std::nullopt);
    EXPECT_EQ(rows->Cell(0, 3), "-7");
  }
}

TEST_F(ConnectionTest, RowsOutliveTheirConnection) {
  auto connection = Open();
  const auto rows = Run(*connection, "SELECT n, NULLIF(n, 2) FROM generate_series(1, 3) n ORDER BY n");
  connection.reset();
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->size(), 3);
  EXPECT_EQ(rows->Cell(2, 0), "3");
  EXPECT_EQ(rows->Cell(1, 1), std::nullopt);
}

TEST_F(ConnectionTest, AffectedRows) {
  auto connection = Open();
  ASSERT_TRUE(Run(*connection, "CREATE TABLE t (a int)").ok());
  const auto inserted = Run(*connection, "INSERT INTO t SELECT generate_series(1, $1::int)", {"5"}, true);
  ASSERT_TRUE(inserted.ok());
  EXPECT_EQ(inserted->affected(), 5);
  EXPECT_TRUE(inserted->empty());
  EXPECT_EQ(inserted->columns(), 0);
  EXPECT_EQ(Run(*connection, "DELETE FROM t WHERE a > 3", {}, true)->affected(), 2);
}

TEST_F(ConnectionTest, WhatTheProtocolCannotCarryIsRefusedInClearWords) {
  auto connection = Open();
  const auto nul = Run(*connection, "SELECT $1::text", {std::string("a\0b", 3)});
  EXPECT_EQ(nul.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(nul.status()), HasSubstr("NUL"));
  const auto many = Run(*connection, "SELECT 1", std::vector<Param>(65536, "1"));
  EXPECT_EQ(many.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Cell(*connection, "SELECT 1"), "1");
}

struct ErrorCase {
  const char* sql;
  StatusCode code;
  const char* reason;
  const char* table;
  const char* constraint;
  const char* column;
  const char* words;
};

TEST_F(ConnectionTest, ErrorsSayWhatAndWhere) {
  database_.Exec(R"(
    CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE "Odd ""Name" (id int PRIMARY KEY, p int REFERENCES parent, n int NOT NULL DEFAULT 0,
      c int CONSTRAINT positive CHECK (c > 0), v varchar(3));
    INSERT INTO parent VALUES (1); INSERT INTO "Odd ""Name" (id, p) VALUES (1, 1);
    CREATE FUNCTION raise() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today' USING HINT = 'tomorrow'; END $$;
    CREATE TABLE guarded (a int); CREATE TRIGGER g BEFORE INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION raise();
    CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.a := nosuch(); RETURN NEW; END $$;
    CREATE TABLE lost (a int); CREATE TRIGGER l BEFORE INSERT ON lost FOR EACH ROW EXECUTE FUNCTION lose();)");
  auto connection = Open();
  for (const ErrorCase& test : std::vector<ErrorCase>{
           {"INSERT INTO \"Odd \"\"Name\" (id) VALUES (1)", StatusCode::kAlreadyExists, "UNIQUE_VIOLATION",
            "Odd \"Name", "Odd \"Name_pkey", "", "Key (id)=(1) already exists"},
           {"INSERT INTO \"Odd \"\"Name\" (id, n) VALUES (2, NULL)", StatusCode::kInvalidArgument, "NOT_NULL_VIOLATION",
            "Odd \"Name", "", "n", "null value in column \"n\""},
           {"INSERT INTO \"Odd \"\"Name\" (id, c) VALUES (2, 0)", StatusCode::kInvalidArgument, "CHECK_VIOLATION",
            "Odd \"Name", "positive", "", "check constraint \"positive\""},
           {"INSERT INTO \"Odd \"\"Name\" (id, p) VALUES (2, 9)", StatusCode::kFailedPrecondition,
            "FOREIGN_KEY_VIOLATION", "Odd \"Name", "Odd \"Name_p_fkey", "", "is not present in table \"parent\""},
           {"INSERT INTO \"Odd \"\"Name\" (id, v) VALUES (2, 'long')", StatusCode::kInvalidArgument, "VALUE_TOO_LONG",
            "", "", "", "too long"},
           {"SELECT 'x'::int", StatusCode::kInvalidArgument, "INVALID_VALUE", "", "", "", "invalid input syntax"},
           {"SELECT 3000000000::int", StatusCode::kInvalidArgument, "VALUE_OUT_OF_RANGE", "", "", "", "out of range"},
           {"INSERT INTO guarded VALUES (1)", StatusCode::kFailedPrecondition, "RAISED_EXCEPTION", "", "", "",
            "not today (tomorrow)"},
           {"SELECT nosuch FROM parent", StatusCode::kFailedPrecondition, "CATALOG_MOVED", "", "", "", "nosuch"},
           {"SELECT * FROM nosuch", StatusCode::kFailedPrecondition, "CATALOG_MOVED", "", "", "", "nosuch"},
           {"INSERT INTO lost VALUES (1)", StatusCode::kFailedPrecondition, "RAISED_EXCEPTION", "", "", "",
            "function nosuch() does not exist"},
           {"SELEC 1", StatusCode::kInternal, "INVALID_STATEMENT", "", "", "", "syntax error at or near \"SELEC\""},
       }) {
    for (int use = 0; use < 3; ++use) {
      const absl::Status status = Run(*connection, test.sql, {}, true).status();
      EXPECT_EQ(status.code(), test.code) << test.sql << ": " << status;
      EXPECT_EQ(status::ReasonOf(status), test.reason) << test.sql;
      EXPECT_EQ(status::MetadataOf(status, "table"), test.table) << test.sql;
      EXPECT_EQ(status::MetadataOf(status, "constraint"), test.constraint) << test.sql;
      EXPECT_EQ(status::MetadataOf(status, "column"), test.column) << test.sql;
      EXPECT_EQ(status::MetadataOf(status, "sqlstate").size(), 5u) << test.sql;
      EXPECT_THAT(Message(status), HasSubstr(test.words));
      EXPECT_THAT(Message(status), Not(HasSubstr("\n")));
    }
  }
  EXPECT_TRUE(connection->Alive());
  EXPECT_TRUE(connection->Idle());
  EXPECT_EQ(Cell(*connection, "SELECT count(*) FROM \"Odd \"\"Name\""), "1");
}

TEST_F(ConnectionTest, SerializationFailureAndDeadlockAreToBeRetried) {
  database_.Exec("CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0), (2, 0)");
  auto a = Open();
  auto b = Open();
  ASSERT_TRUE(a->Begin({.mode = "ISOLATION LEVEL REPEATABLE READ"}).ok());
  ASSERT_EQ(Cell(*a, "SELECT n FROM t WHERE id = 1"), "0");
  ASSERT_TRUE(Run(*b, "UPDATE t SET n = 1 WHERE id = 1", {}, true).ok());
  const absl::Status status = Run(*a, "UPDATE t SET n = 2 WHERE id = 1", {}, true).status();
  EXPECT_EQ(status.code(), StatusCode::kAborted);
  EXPECT_EQ(status::ReasonOf(status), "SERIALIZATION_FAILURE");
  EXPECT_EQ(status::MetadataOf(status, "sqlstate"), "40001");
  EXPECT_TRUE(status.GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value());
  EXPECT_TRUE(a->Rollback().ok());
}

TEST_F(ConnectionTest, AHotStatementIsPreparedOnItsSecondUse) {
  auto connection = Open();
  EXPECT_EQ(Cell(*connection, "SELECT 1 + $1::int", {"1"}), "2");
  EXPECT_EQ(Prepared(*connection), 0);
  EXPECT_EQ(Cell(*connection, "SELECT 1 + $1::int", {"2"}), "3");
  EXPECT_EQ(Prepared(*connection), 1);
  EXPECT_EQ(Cell(*connection, "SELECT 1 + $1::int", {"3"}), "4");
  EXPECT_EQ(Prepared(*connection), 1);
}

// In a pooler's transaction mode they may meet on one server.
TEST_F(ConnectionTest, NoTwoConnectionsNameAStatementAlike) {
  std::set<std::string> names;
  for (int i = 0; i < 10; ++i) {
    auto connection = Open();
    for (int use = 0; use < 2; ++use) EXPECT_EQ(Cell(*connection, "SELECT 5"), "5");
    names.insert(Cell(*connection, "SELECT name FROM pg_prepared_statements"));
  }
  EXPECT_EQ(names.size(), 10u);
  for (const std::string& name : names) EXPECT_GE(name.size(), 16u) << name;
}

TEST_F(ConnectionTest, EvictedStatementsAreDeallocated) {
  auto connection = Open({.statement_cache_size = 2});
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 5; ++i) {
      const std::string sql = "SELECT " + std::to_string(i);
      for (int use = 0; use < 3; ++use) EXPECT_EQ(Cell(*connection, sql), std::to_string(i));
    }
  }
  EXPECT_EQ(Prepared(*connection), 2);
}

TEST_F(ConnectionTest, StatementsThatTransactionsEvictAreDeallocated) {
  auto connection = Open({.statement_cache_size = 2});
  const auto use = [&](int first, int count) {
    for (int i = first; i < first + count; ++i) {
      for (int n = 0; n < 2; ++n) EXPECT_EQ(Cell(*connection, "SELECT " + std::to_string(i)), std::to_string(i));
    }
  };
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(connection->Begin({}).ok());
    use(20 * round, 20);
    EXPECT_LT(Prepared(*connection), 50);
    ASSERT_TRUE(connection->Commit().ok());
  }
  ASSERT_TRUE(connection->Begin({}).ok());
  use(1000, 500);
  EXPECT_LT(Prepared(*connection), 100) << "all of one transaction";
  ASSERT_TRUE(connection->Commit().ok());

  ASSERT_TRUE(connection->Begin({}).ok());
  use(2000, 20);
  ASSERT_TRUE(Run(*connection, "DEALLOCATE ALL").ok());
  use(3000, 20);
  ASSERT_TRUE(connection->Commit().ok());
  EXPECT_EQ(Prepared(*connection), 2) << "those that were gone already are in nobody's way";

  ASSERT_TRUE(connection->Begin({}).ok());
  use(4000, 20);
  const std::string last = Cell(*connection, "SELECT name FROM pg_prepared_statements WHERE statement = 'SELECT 4019'");
  ASSERT_TRUE(Run(*connection, "DEALLOCATE " + last).ok());
  EXPECT_TRUE(status::StatementLost(Run(*connection, "SELECT 4019").status()));
  ASSERT_TRUE(connection->Rollback().ok());
  EXPECT_EQ(Prepared(*connection), 0) << "where one is gone, all are prepared anew";
}

TEST_F(ConnectionTest, WithoutACacheNothingIsPrepared) {
  auto connection = Open({.statement_cache_size = 0});
  for (int use = 0; use < 4; ++use) EXPECT_EQ(Cell(*connection, "SELECT 5"), "5");
  EXPECT_EQ(Prepared(*connection), 0);
}

TEST_F(ConnectionTest, AStatementThatFailsOnItsSecondUseStaysUsable) {
  auto connection = Open();
  EXPECT_EQ(Cell(*connection, "SELECT 10 / $1::int", {"2"}), "5");
  EXPECT_FALSE(Run(*connection, "SELECT 10 / $1::int", {"0"}).ok());
  EXPECT_EQ(Cell(*connection, "SELECT 10 / $1::int", {"5"}), "2");
  EXPECT_EQ(Prepared(*connection), 1);
}

TEST_F(ConnectionTest, AChangedTableIsSeenThroughPreparedStatements) {
  database_.Exec("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
  auto connection = Open();
  for (int use = 0; use < 3; ++use) EXPECT_EQ(Run(*connection, "SELECT * FROM t")->columns(), 1);
  database_.Exec("ALTER TABLE t ADD b text DEFAULT 'new'");
  const auto rows = Run(*connection, "SELECT * FROM t");
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(rows->columns(), 2);

  for (int use = 0; use < 3; ++use) ASSERT_TRUE(Run(*connection, "SELECT * FROM t").ok());
  database_.Exec("ALTER TABLE t DROP b");
  ASSERT_TRUE(connection->Begin({}).ok());
  const absl::Status moved = Run(*connection, "SELECT * FROM t").status();
  EXPECT_EQ(moved.code(), StatusCode::kFailedPrecondition) << "within a transaction it cannot be repeated";
  EXPECT_TRUE(status::CatalogMoved(moved));
  EXPECT_TRUE(connection->Rollback().ok());
  EXPECT_EQ(Run(*connection, "SELECT * FROM t")->columns(), 1);
}

TEST_F(ConnectionTest, StatementsThatTheServerForgotArePreparedAgain) {
  auto connection = Open();
  for (int use = 0; use < 3; ++use) EXPECT_EQ(Cell(*connection, "SELECT 5"), "5");
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(Run(*connection, "DEALLOCATE ALL").ok());
    for (int use = 0; use < 3; ++use) EXPECT_EQ(Cell(*connection, "SELECT 5"), "5");
  }
  EXPECT_FALSE(connection->pooled());
}

TEST_F(ConnectionTest, InATransactionOnlyTheFirstStatementCanBePreparedAgain) {
  auto connection = Open();
  for (int use = 0; use < 3; ++use) EXPECT_EQ(Cell(*connection, "SELECT 5"), "5");
  ASSERT_TRUE(Run(*connection, "DISCARD ALL").ok());
  ASSERT_TRUE(connection->Begin({.mode = "ISOLATION LEVEL SERIALIZABLE"}).ok());
  for (int use = 0; use < 3; ++use) EXPECT_EQ(Cell(*connection, "SELECT 5"), "5");
  EXPECT_EQ(Cell(*connection, "SHOW transaction_isolation"), "serializable") << "as it was begun";
  ASSERT_TRUE(Run(*connection, "DEALLOCATE ALL").ok());
  const absl::Status lost = Run(*connection, "SELECT 5").status();
  EXPECT_EQ(lost.code(), StatusCode::kAborted) << "to be tried again";
  EXPECT_TRUE(status::StatementLost(lost)) << lost;
  EXPECT_FALSE(connection->Commit().ok());
  EXPECT_EQ(Cell(*connection, "SELECT 5"), "5");
}

TEST_F(ConnectionTest, TransactionsCommitAndRollBack) {
  database_.Exec("CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
  auto connection = Open();
  ASSERT_TRUE(connection->Begin({}).ok());
  EXPECT_FALSE(connection->Idle());
  ASSERT_TRUE(Run(*connection, "INSERT INTO t VALUES (1)", {}, true).ok());
  EXPECT_EQ(database_.Value("SELECT count(*) FROM t"), "0");
  ASSERT_TRUE(connection->Commit().ok());
  EXPECT_TRUE(connection->Idle());
  EXPECT_EQ(database_.Value("SELECT count(*) FROM t"), "1");

  ASSERT_TRUE(connection->Begin({.mode = "ISOLATION LEVEL REPEATABLE READ READ ONLY"}).ok());
  EXPECT_EQ(Run(*connection, "INSERT INTO t VALUES (2)", {}, true).status().code(), StatusCode::kUnavailable);
  EXPECT_TRUE(connection->Rollback().ok());
  EXPECT_TRUE(connection->Rollback().ok()) << "nothing is open";

  ASSERT_TRUE(connection->Begin({}).ok());
  ASSERT_TRUE(Run(*connection, "INSERT INTO t VALUES (1)", {}, true).ok());
  EXPECT_EQ(connection->Commit().code(), StatusCode::kAlreadyExists) << "a deferred constraint";
  EXPECT_TRUE(connection->Idle());
  EXPECT_EQ(database_.Value("SELECT count(*) FROM t"), "1");
}

TEST_F(ConnectionTest, CommitOfAnAbortedTransactionIsAnError) {
  database_.Exec("CREATE TABLE t (a int)");
  auto connection = Open();
  ASSERT_TRUE(connection->Begin({}).ok());
  ASSERT_TRUE(Run(*connection, "INSERT INTO t VALUES (1)", {}, true).ok());
  EXPECT_FALSE(Run(*connection, "SELECT 1/0").ok());
  EXPECT_EQ(status::MetadataOf(Run(*connection, "SELECT 1").status(), "sqlstate"), "25P02");
  EXPECT_FALSE(connection->Commit().ok());
  EXPECT_TRUE(connection->Idle());
  EXPECT_EQ(database_.Value("SELECT count(*) FROM t"), "0");
}

TEST_F(ConnectionTest, ASavepointSavesTheTransaction) {
  database_.Exec("CREATE TABLE t (a int)");
  auto connection = Open();
  ASSERT_TRUE(connection->Begin({}).ok());
  ASSERT_TRUE(Run(*connection, "INSERT INTO t VALUES (1)", {}, true).ok());
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(Run(*connection, "SAVEPOINT s").ok());
    EXPECT_FALSE(Run(*connection, "SELECT 1/0").ok());
    const auto back = Run(*connection, "ROLLBACK TO SAVEPOINT s");
    ASSERT_TRUE(back.ok()) << back.status();
  }
  EXPECT_TRUE(connection->Commit().ok());
  EXPECT_EQ(database_.Value("SELECT count(*) FROM t"), "1");
}

TEST_F(ConnectionTest, MisuseIsAnError) {
  auto connection = Open();
  EXPECT_EQ(connection->Commit().code(), StatusCode::kInternal);
  ASSERT_TRUE(connection->Begin({}).ok());
  EXPECT_EQ(connection->Begin({}).code(), StatusCode::kInternal);
  EXPECT_EQ(connection->Ping().code(), StatusCode::kInternal);
  EXPECT_TRUE(connection->Commit().ok());
}

TEST_F(ConnectionTest, PingSeesAServerThatTurnedReadOnly) {
  auto connection = Open();
  EXPECT_TRUE(connection->Ping().ok());
  ASSERT_TRUE(Run(*connection, "SET default_transaction_read_only = on").ok());
  const absl::Status status = connection->Ping();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status::ReasonOf(status), "READ_ONLY_SERVER");
  auto replica = Open({.database = database_.uri() + " options='-c default_transaction_read_only=on'"});
  EXPECT_TRUE(replica->Ping().ok()) << "it was read-only from the start";
}

TEST_F(ConnectionTest, Notifications) {
  auto connection = Open();
  ASSERT_TRUE(Run(*connection, "LISTEN protogres").ok());
  auto none = connection->AwaitNotification(std::chrono::milliseconds(20));
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_FALSE(*none);
  database_.Exec("NOTIFY protogres, 'x'");
  EXPECT_TRUE(*connection->AwaitNotification(std::chrono::seconds(5)));
  EXPECT_FALSE(*connection->AwaitNotification(std::chrono::milliseconds(0)));
  database_.Exec("NOTIFY protogres");
  EXPECT_EQ(Cell(*connection, "SELECT 1"), "1");
  EXPECT_TRUE(*connection->AwaitNotification(std::chrono::seconds(5))) << "one that came with a statement's answer";
}

}  // namespace
}  // namespace protogres::db
