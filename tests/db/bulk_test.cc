// Rows one by one, out of a real PostgreSQL and into it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "db/session.h"
#include "status/status.h"
#include "support/database.h"

namespace protogres::db {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BulkTest : public ::testing::Test {
 protected:
  BulkTest() { database_.Exec("CREATE TABLE t (a int PRIMARY KEY, b text)"); }

  std::unique_ptr<Session> Open(Transaction transaction = Transaction::kImplicit) {
    auto session = Session::Open(pool_, never_, {.transaction = transaction});
    EXPECT_TRUE(session.ok()) << session.status();
    return *std::move(session);
  }

  static std::vector<std::string> Fetch(Session& session, std::size_t most) {
    std::vector<std::string> rows;
    while (rows.size() < most) {
      const auto more = session.FetchRows([&](const Cells& cells) {
        std::string row;
        for (const auto& cell : cells) {
          if (!row.empty()) row += '|';
          row += cell.value_or("NULL");
        }
        rows.push_back(row);
        return rows.size() < most;
      });
      EXPECT_TRUE(more.ok()) << more.status();
      if (!more.ok() || !*more) break;
    }
    return rows;
  }

  std::string Count() { return database_.Value("SELECT count(*) FROM t"); }

  testing::Database database_;
  Pool pool_{{.pool_size = 1, .max_overflow = 0}, [uri = database_.uri()] { return Connect({.database = uri}); }};
  const Cancellation never_;
};

TEST_F(BulkTest, RowsAreTheSameWithParametersAndWithout) {
  const std::string values = "(VALUES (1, E'a\\tb\\\\\\n', NULL), (2, '', '\\N'), (3, 'ü', '\"'))";
  const auto expected = ElementsAre("1|a\tb\\\n|NULL", "2||\\N", "3|ü|\"");
  auto session = Open();
  ASSERT_TRUE(session->OpenRows("SELECT * FROM " + values + " AS v", {}).ok());
  EXPECT_THAT(Fetch(*session, 10), expected);
  const std::vector<Param> params = {"0", std::nullopt};
  ASSERT_TRUE(
      session->OpenRows("SELECT * FROM " + values + " AS v(a) WHERE a > $1::int AND $2::text IS NULL", params).ok());
  EXPECT_THAT(Fetch(*session, 10), expected);
  ASSERT_TRUE(session->OpenRows("SELECT 1 WHERE false", {}).ok());
  EXPECT_THAT(Fetch(*session, 10), ElementsAre());
  EXPECT_TRUE(session->Read("SELECT 1", {}).ok()) << "the session goes on";
}

TEST_F(BulkTest, WhatIsNotReadIsGivenUpAndTheConnectionKept) {
  for (const std::vector<Param>& params : {std::vector<Param>{}, std::vector<Param>{"1000000"}}) {
    {
      auto session = Open();
      const std::string sql = params.empty() ? "SELECT g FROM generate_series(1, 1000000) g"
                                             : "SELECT g FROM generate_series(1, $1::int) g";
      ASSERT_TRUE(session->OpenRows(sql, params).ok());
      EXPECT_THAT(Fetch(*session, 2), ElementsAre("1", "2"));
    }
    EXPECT_EQ(pool_.stats().idle, 1);
    EXPECT_EQ(Open()->Read("SELECT 1", {})->Cell(0, 0), "1");
  }
}

TEST_F(BulkTest, ErrorsComeByTheTable) {
  for (const std::vector<Param>& params : {std::vector<Param>{}, std::vector<Param>{"5"}}) {
    auto session = Open();
    const std::string sql = params.empty() ? "SELECT 1 / (5 - g) FROM generate_series(1, 9) g"
                                           : "SELECT 1 / ($1 - g) FROM generate_series(1, 9) g";
    absl::Status status = session->OpenRows(sql, params);
    while (status.ok()) status = session->FetchRows([](const Cells&) { return true; }).status();
    EXPECT_EQ(status::MetadataOf(status, "sqlstate"), "22012") << status;
    EXPECT_TRUE(session->Read("SELECT 1", {}).ok());
    EXPECT_EQ(status::ReasonOf(session->OpenRows("SELECT nope FROM t", {})), "CATALOG_MOVED");
  }
}

TEST_F(BulkTest, ACopyIsWrittenAtItsCommit) {
  auto session = Open(Transaction::kExplicit);
  ASSERT_TRUE(session->OpenCopy("COPY t (a, b) FROM STDIN").ok());
  ASSERT_TRUE(session->PutCopy("1\ta\n2\t\\N\n").ok());
  ASSERT_TRUE(session->PutCopy("3\ta\\tb\n").ok());
  EXPECT_EQ(*session->CloseCopy(), 3);
  EXPECT_EQ(Count(), "0");
  ASSERT_TRUE(session->Commit().ok());
  EXPECT_EQ(Count(), "3");
}

TEST_F(BulkTest, ACopyGivenUpWritesNothing) {
  {
    auto session = Open(Transaction::kExplicit);
    ASSERT_TRUE(session->OpenCopy("COPY t (a, b) FROM STDIN").ok());
    ASSERT_TRUE(session->PutCopy("1\ta\n").ok());
  }
  EXPECT_EQ(Count(), "0");
  EXPECT_EQ(pool_.stats().idle, 1);
}

TEST_F(BulkTest, AnErrorNamesItsRow) {
  auto session = Open(Transaction::kExplicit);
  ASSERT_TRUE(session->OpenCopy("COPY t (a, b) FROM STDIN").ok());
  ASSERT_TRUE(session->PutCopy("1\ta\n2\tb\nx\tc\n").ok());
  const absl::Status status = session->CloseCopy().status();
  EXPECT_EQ(status::MetadataOf(status, "row"), "3") << status;
  EXPECT_EQ(status::MetadataOf(status, "column"), "a");
  EXPECT_THAT(std::string(status.message()), HasSubstr("invalid input syntax"));
}

// Only a setting that the server reports, or an error, comes while it copies.
TEST_F(BulkTest, AWordOfTheServerInTheMiddleIsNoError) {
  database_.Exec(
      "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN PERFORM set_config('application_name', 'row ' || NEW.a, false); RETURN NEW; END $$;"
      "CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()");
  auto session = Open(Transaction::kExplicit);
  ASSERT_TRUE(session->OpenCopy("COPY t (a, b) FROM STDIN").ok());
  const std::string filling(100'000, 'x');
  for (int i = 1; i <= 40; ++i) ASSERT_TRUE(session->PutCopy(std::to_string(i) + "\t" + filling + "\n").ok());
  EXPECT_EQ(*session->CloseCopy(), 40);
  ASSERT_TRUE(session->OpenCopy("COPY t (a, b) FROM STDIN").ok());
  absl::Status status;
  for (int i = 41; i <= 80 && status.ok(); ++i) {
    status = session->PutCopy(std::to_string(i == 75 ? 50 : i) + "\t" + filling + "\n");
  }
  if (status.ok()) status = session->CloseCopy().status();
  EXPECT_EQ(status::MetadataOf(status, "row"), "35") << status;
}

}  // namespace
}  // namespace protogres::db
