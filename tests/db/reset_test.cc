// What the functions and triggers of one caller leave behind, and what the next one finds of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "db/pool.h"
#include "support/database.h"

namespace protogres::db {
namespace {

class ResetTest : public ::testing::Test {
 protected:
  ResetTest() { database_.Exec("CREATE TABLE t (a text); CREATE TABLE plain (a int)"); }

  void UsePool(ResetOnReturn reset) {
    pool_ =
        std::make_unique<Pool>(PoolOptions{.pool_size = 1, .max_overflow = 0, .reset_on_return = reset},
                               [options = ConnectionOptions{.database = database_.uri(), .search_path = search_path_}] {
                                 return Connect(options);
                               });
  }

  // By a caller of its own. The first cell, or the error's words.
  std::string Run(const std::string& sql, bool writes = false) {
    auto lease = pool_->Acquire(Clock::time_point::max());
    if (!lease.ok()) return lease.status().ToString();
    const auto rows = lease->connection().Execute(sql, {}, writes);
    if (!rows.ok()) return rows.status().ToString();
    return rows->empty() ? "" : std::string(rows->Cell(0, 0).value_or("(null)"));
  }
  std::string Pid() { return Run("SELECT pg_backend_pid()"); }

  // Each row written to t is SQL that its trigger executes.
  void AddTrigger() {
    database_.Exec(R"(
      CREATE FUNCTION run() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE NEW.a; RETURN NEW; END $$;
      CREATE TRIGGER run BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION run();)");
  }
  std::string Leave(const std::string& sql) { return Run("INSERT INTO t VALUES ($left$" + sql + "$left$)", true); }

  testing::Database database_;
  std::vector<std::string> search_path_;
  std::unique_ptr<Pool> pool_;
};

TEST_F(ResetTest, ByDefaultAnotherRoleSearchPathOrFormatIsNoticed) {
  AddTrigger();
  UsePool(ResetOnReturn::kRollback);
  const std::string user = Run("SELECT current_user");
  for (const char* left : {"SET ROLE pg_monitor", "SET search_path = pg_temp", "SET SESSION AUTHORIZATION pg_monitor",
                           "SET bytea_output = escape", "SET DateStyle = German", "SET TimeZone = 'Asia/Tokyo'",
                           "SET extra_float_digits = -3", "SELECT set_config('role', 'pg_monitor', false)"}) {
    const std::string before = Pid();
    EXPECT_EQ(Leave(left), "");
    EXPECT_EQ(Run("SELECT current_user"), user) << left;
    EXPECT_EQ(Run("SHOW search_path"), "\"$user\", public") << left;
    EXPECT_NE(Pid(), before) << left;
  }
  const std::string before = Pid();
  EXPECT_EQ(Leave("SET LOCAL search_path = pg_temp"), "");
  EXPECT_EQ(Leave("SELECT 1"), "");
  EXPECT_EQ(Pid(), before) << "nothing was left";
}

TEST_F(ResetTest, WhatIsNoticedDoesNotDependOnPreparedStatements) {
  AddTrigger();
  UsePool(ResetOnReturn::kRollback);
  EXPECT_EQ(Leave("SELECT 1"), "");
  std::string before = Pid();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Leave("DEALLOCATE ALL"), "");
    EXPECT_EQ(Pid(), before) << "the session is as it was";
  }
  EXPECT_EQ(Leave("DEALLOCATE ALL; SET search_path = pg_temp"), "");
  EXPECT_EQ(Run("SHOW search_path"), "\"$user\", public");
  EXPECT_NE(Pid(), before);
  // A statement of the same name is another client's, behind a pooler that was not found.
  before = Pid();
  EXPECT_EQ(Leave("PREPARE protogres_looks AS SELECT 1"), "");
  EXPECT_EQ(Leave("SELECT 1"), "");
  EXPECT_EQ(Pid(), before);
}

TEST_F(ResetTest, ADatabaseWithoutCodeOfItsOwnPaysNothing) {
  UsePool(ResetOnReturn::kRollback);
  const std::string before = Pid();
  EXPECT_EQ(Run("INSERT INTO plain VALUES (1)", true), "");
  EXPECT_EQ(Run("SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND false"), "");
  EXPECT_EQ(database_.Value("SELECT query FROM pg_stat_activity WHERE pid = " + before),
            "SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND false");
  EXPECT_EQ(Run("INSERT INTO plain VALUES (1)", true), "");
  EXPECT_EQ(database_.Value("SELECT query FROM pg_stat_activity WHERE pid = " + before), "INSERT INTO plain VALUES (1)")
      << "no statement came after it";
  EXPECT_EQ(Pid(), before);
}

TEST_F(ResetTest, DiscardLeavesNothingButPreparedStatements) {
  AddTrigger();
  database_.Exec("CREATE SEQUENCE s");
  setenv("PGDATESTYLE", "German", 1);
  UsePool(ResetOnReturn::kDiscard);
  const std::string before = Pid();
  unsetenv("PGDATESTYLE");
  const std::string user = Run("SELECT current_user");
  for (int use = 0; use < 3; ++use) EXPECT_EQ(Run("SELECT 5"), "5");
  for (const char* left :
       {"SELECT pg_advisory_lock(1)", "CREATE TEMP TABLE temporary (a int)", "LISTEN channel", "SET work_mem = '5MB'",
        "SELECT set_config('app.tenant', 'x', false)", "SELECT nextval('s')", "SET TimeZone = 'Asia/Tokyo'",
        "SET search_path = pg_temp", "SET ROLE pg_monitor", "SET SESSION AUTHORIZATION pg_monitor"}) {
    EXPECT_EQ(Leave(left), "") << left;
  }
  EXPECT_EQ(Run("SELECT current_user"), user);
  EXPECT_EQ(Run("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0");
  EXPECT_EQ(Run("SELECT count(*) FROM pg_class WHERE relname = 'temporary'"), "0");
  EXPECT_EQ(Run("SELECT count(*) FROM pg_listening_channels()"), "0");
  EXPECT_EQ(Run("SHOW work_mem"), database_.Value("SHOW work_mem"));
  EXPECT_EQ(Run("SELECT current_setting('app.tenant', true)"), "");
  EXPECT_THAT(Run("SELECT currval('s')"), ::testing::HasSubstr("not yet defined"));
  EXPECT_EQ(Run("SHOW search_path"), "\"$user\", public");
  EXPECT_EQ(Run("SELECT DATE '2024-02-01'"), "2024-02-01");
  EXPECT_EQ(Run("SHOW TimeZone"), "UTC");
  EXPECT_EQ(Run("SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT 5'"), "1");
  EXPECT_EQ(Pid(), before) << "on one connection all the time";
}

TEST_F(ResetTest, NoneLeavesAll) {
  AddTrigger();
  UsePool(ResetOnReturn::kNone);
  EXPECT_EQ(Leave("SET ROLE pg_monitor"), "");
  EXPECT_EQ(Run("SELECT current_user"), "pg_monitor");
}

TEST_F(ResetTest, TheSearchPathIsTheOptionsOneAndDiscardKeepsIt) {
  AddTrigger();
  database_.Exec("ALTER DATABASE " + database_.name() + " SET search_path = pg_temp");
  search_path_ = {"odd \"one\\", "public"};
  UsePool(ResetOnReturn::kDiscard);
  EXPECT_EQ(Run("SHOW search_path"), R"("odd ""one\","public")");
  EXPECT_EQ(Leave("SET search_path = pg_temp"), "");
  EXPECT_EQ(Run("SHOW search_path"), R"("odd ""one\","public")");
}

}  // namespace
}  // namespace protogres::db
