// Prepared statements on a real PostgreSQL whose catalog moves under them.
#include <gtest/gtest.h>

#include <string>

#include "db/connection.h"
#include "db/pool.h"
#include "support/database.h"

namespace protogres::db {
namespace {

class MovedCatalogTest : public ::testing::Test {
 protected:
  MovedCatalogTest() { database_.Exec("CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 2)"); }

  static std::string Cell(Connection& connection, const std::string& sql) {
    const auto rows = connection.Execute(sql, {}, false);
    return rows.ok() ? std::string(rows->Cell(0, 0).value_or("(null)")) : rows.status().ToString();
  }
  static void Prepare(Connection& connection, const std::string& sql) {
    for (int i = 0; i < 3; ++i) Cell(connection, sql);
  }

  testing::Database database_;
};

TEST_F(MovedCatalogTest, WhatCouldNotBePreparedSpoilsNoLaterTransaction) {
  const auto connection = *Connect({.database = database_.uri()});
  Prepare(*connection, "SELECT gone FROM t");
  ASSERT_TRUE(connection->Begin({}).ok());
  EXPECT_EQ(Cell(*connection, "SELECT a FROM t"), "2");
  EXPECT_EQ(Cell(*connection, "SELECT a + 1 FROM t"), "3");
  EXPECT_TRUE(connection->Commit().ok());
}

TEST_F(MovedCatalogTest, AForgottenStatementIsPreparedAgainInATransactionToo) {
  const auto connection = *Connect({.database = database_.uri()});
  const std::string sql = "SELECT a FROM t";
  Prepare(*connection, sql);
  database_.Exec("ALTER TABLE t ALTER COLUMN a TYPE text");
  connection->Forget();
  ASSERT_TRUE(connection->Begin({}).ok());
  EXPECT_EQ(Cell(*connection, sql), "2");
  EXPECT_EQ(Cell(*connection, sql), "2");
  EXPECT_TRUE(connection->Commit().ok());
  Cell(*connection, "SELECT 1");
  EXPECT_EQ(Cell(*connection, "SELECT count(*) FROM pg_prepared_statements WHERE statement = '" + sql + "'"), "1");
}

TEST_F(MovedCatalogTest, ThePoolsConnectionsForgetWhenTheyAreLent) {
  Pool pool({.pool_size = 1, .max_overflow = 0}, [uri = database_.uri()] { return Connect({.database = uri}); });
  const std::string sql = "SELECT a FROM t";
  {
    const auto lease = pool.Acquire(Clock::time_point::max());
    Prepare(lease->connection(), sql);
  }
  database_.Exec("ALTER TABLE t ALTER COLUMN a TYPE text");
  pool.ForgetStatements();
  const auto lease = pool.Acquire(Clock::time_point::max());
  ASSERT_TRUE(lease->connection().Begin({}).ok());
  EXPECT_EQ(Cell(lease->connection(), sql), "2");
}

}  // namespace
}  // namespace protogres::db
