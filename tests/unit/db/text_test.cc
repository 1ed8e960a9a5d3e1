// The pure parts: PostgreSQL's error text, connection strings, --echo, the statement cache.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "contract/error.h"
#include "db/conninfo.h"
#include "db/echo.h"
#include "db/message.h"
#include "db/statement_cache.h"

namespace protogres::db {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MessageTest, ALineOfACopy) {
  const auto parse = [](const std::string& context) {
    return *ParseServerError("ERROR:  22P02: invalid\nCONTEXT:  " + context + "\nLOCATION:  f, x.c:1\n");
  };
  EXPECT_EQ(parse("COPY item, line 3").row, 3);
  EXPECT_EQ(parse("COPY item, line 3").column, "");
  EXPECT_EQ(parse("COPY item2, line 41, column unit price: \"a: 7\"").row, 41);
  EXPECT_EQ(parse("COPY item2, line 41, column unit price: \"a: 7\"").column, "unit price");
  EXPECT_EQ(parse("PL/pgSQL function f() line 9 at RAISE\nCOPY item, line 12: \"1\t2\"").row, 12);
  EXPECT_EQ(parse("COPY item, Zeile 5").row, 5);
  EXPECT_EQ(parse("PL/pgSQL function f() line 9 at RAISE").row, 0);
  EXPECT_EQ(parse("COPY item").row, 0);
}

TEST(MessageTest, AllFields) {
  const auto error = ParseServerError(
      "ERROR:  23505: duplicate key value violates unique constraint \"t_pkey\"\n"
      "DETAIL:  Key (id)=(1) already exists.\nHINT:  Take another.\nSCHEMA NAME:  public\nTABLE NAME:  t\n"
      "COLUMN NAME:  id\nDATATYPE NAME:  d\nCONSTRAINT NAME:  t_pkey\nLOCATION:  _bt_check_unique, nbtinsert.c:664\n");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->sqlstate, "23505");
  EXPECT_EQ(error->message,
            "duplicate key value violates unique constraint \"t_pkey\" (Key (id)=(1) already exists.; Take another.)");
  EXPECT_EQ(error->table, "t");
  EXPECT_EQ(error->column, "id");
  EXPECT_EQ(error->constraint, "t_pkey");
}

TEST(MessageTest, TheSeveritysLanguageDoesNotMatter) {
  const auto error = ParseServerError("ВАЖНО:  3D000: база данных \"x\" не существует\n");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->sqlstate, "3D000");
  EXPECT_EQ(error->message, "база данных \"x\" не существует");
}

TEST(MessageTest, WhatComesBeforeAndAfterIsLeftOut) {
  const auto error = ParseServerError(
      "connection to server at \"db\", port 5432 failed: FATAL:  57P01: terminating connection due to administrator "
      "command\nLOCATION:  ProcessInterrupts, postgres.c:3302\nserver closed the connection unexpectedly\n\tThis "
      "probably means the server terminated abnormally\n");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->sqlstate, "57P01");
  EXPECT_EQ(error->message, "terminating connection due to administrator command");
}

TEST(MessageTest, LinesOfTheStatementAndContextAreLeftOut) {
  const auto error = ParseServerError(
      "ERROR:  42703: column \"x\" does not exist\nLINE 1: SELECT x\n               ^\nHINT:  Perhaps y.\nCONTEXT:  "
      "PL/pgSQL function f()\nLOCATION:  errorMissingColumn, parse_relation.c:3656\n");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->message, "column \"x\" does not exist (Perhaps y.)");
}

TEST(MessageTest, ARowIsNeverShown) {
  const auto error = ParseServerError(
      "ERROR:  23502: null value in column \"a\" of relation \"t\" violates not-null constraint\n"
      "DETAIL:  Failing row contains (1, secret, null).\nSCHEMA NAME:  public\nTABLE NAME:  t\nCOLUMN NAME:  a\n");
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message, Not(HasSubstr("secret")));
  EXPECT_EQ(error->column, "a");
}

TEST(MessageTest, ManyLinesBecomeOne) {
  const auto error = ParseServerError("ERROR:  P0001: one\n  two\r\nthree\nLOCATION:  exec_stmt_raise, pl_exec.c:1\n");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->message, "one two three");
}

TEST(MessageTest, AValueThatLooksLikeAFieldDoesNotReplaceIt) {
  const auto error = ParseServerError(
      "ERROR:  23505: dup\nDETAIL:  Key (a)=(x\nTABLE NAME:  forged) already exists.\nTABLE NAME:  real\n");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->table, "real");
}

TEST(MessageTest, ACachedPlanIsKnownInAnyLanguage) {
  const auto error = ParseServerError(
      "FEHLER:  0A000: zwischengespeicherter Plan ...\nLOCATION:  RevalidateCachedQuery, "
      "plancache.c:718\n");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->message, "cached plan must not change result type");
}

TEST(MessageTest, WithoutAnSqlstateItIsNotTheServers) {
  for (const char* text :
       {"", ":  ", "ERROR:  ", "ERROR:  2350", "ERROR:  23505", "ERROR:  duplicate key", "a:  b:  c:  d",
        "connection to server at \"::1\", port 1 failed: Connection refused\n\tIs the server running?\n",
        "server closed the connection unexpectedly\n\tThis probably means the server terminated\n"}) {
    EXPECT_FALSE(ParseServerError(text)) << text;
  }
}

TEST(ConninfoTest, AddsTheSessionsDefaultsAfterTheUsersOptions) {
  const auto conninfo =
      Conninfo({.database = "postgresql://u@h:1/d?options=-c%20work_mem%3D5MB%20-c%20DateStyle%3DSQL"});
  ASSERT_TRUE(conninfo.ok()) << conninfo.status();
  EXPECT_THAT(*conninfo,
              HasSubstr("options='-c work_mem=5MB -c DateStyle=SQL -c client_encoding=UTF8 -c DateStyle=ISO"));
  EXPECT_THAT(*conninfo, HasSubstr("host='h'"));
  EXPECT_THAT(*conninfo, HasSubstr("dbname='d'"));
  EXPECT_THAT(*conninfo, HasSubstr("connect_timeout='10'"));
  EXPECT_THAT(*conninfo, HasSubstr("fallback_application_name='protogres'"));
}

TEST(ConninfoTest, TheUsersOwnWordsWin) {
  const auto conninfo =
      Conninfo({.database = "connect_timeout=3 fallback_application_name=mine client_encoding=LATIN1"});
  ASSERT_TRUE(conninfo.ok());
  EXPECT_THAT(*conninfo, HasSubstr("connect_timeout='3'"));
  EXPECT_THAT(*conninfo, HasSubstr("fallback_application_name='mine'"));
  EXPECT_THAT(*conninfo, HasSubstr("client_encoding='UTF8'")) << "the codecs need it";
}

TEST(ConninfoTest, TheEnvironmentsOptionsAreKept) {
  setenv("PGOPTIONS", "-c work_mem=6MB", 1);
  const auto conninfo = Conninfo({.database = ""});
  unsetenv("PGOPTIONS");
  ASSERT_TRUE(conninfo.ok());
  EXPECT_THAT(*conninfo, HasSubstr("options='-c work_mem=6MB -c client"));
}

TEST(ConninfoTest, ValuesAreQuoted) {
  const auto conninfo = Conninfo({.database = "host=h password='it\\'s \\\\ a secret'"});
  ASSERT_TRUE(conninfo.ok());
  EXPECT_THAT(*conninfo, HasSubstr("password='it\\'s \\\\ a secret'"));
}

TEST(ConninfoTest, Malformed) {
  for (const std::string text :
       {"nonsense", "nosuchkey=1", "host='open", "postgresql://[::1", "postgresql://h/?nosuch=1", "port"}) {
    const auto conninfo = Conninfo({.database = text});
    EXPECT_EQ(conninfo.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(contract::ReasonOf(conninfo.status()), "INVALID_CONNECTION_STRING") << text;
  }
  EXPECT_FALSE(Conninfo({.database = std::string("host=h\0x", 8)}).ok());
}

TEST(EchoTest, TypesNeverValues) {
  const std::vector<Param> params = {"secret", std::nullopt, ""};
  const std::string line =
      EchoLine("SELECT $1,\n  $2, $3", params, absl::OkStatus(), std::chrono::microseconds(1234), Echo::kTypes);
  EXPECT_EQ(line, "SELECT $1, $2, $3 [$1 text(6), $2 NULL, $3 text(0)] OK 1.234 ms");
  const absl::Status failed = contract::Error(absl::StatusCode::kAlreadyExists, "Key (a)=(secret)", "UNIQUE_VIOLATION");
  EXPECT_EQ(EchoLine("X", params, failed, std::chrono::microseconds(5), Echo::kTypes),
            "X [$1 text(6), $2 NULL, $3 text(0)] UNIQUE_VIOLATION 0.005 ms");
}

TEST(EchoTest, ValuesStayOnOneLine) {
  const std::vector<Param> params = {"a'b\\c\nd\r\x1b[31m"};
  EXPECT_EQ(EchoLine("X", params, absl::OkStatus(), std::chrono::microseconds(0), Echo::kValues),
            "X [$1 'a''b\\\\c\\nd\\r\\x1b[31m'] OK 0.000 ms");
  EXPECT_THAT(EchoLine("X", {}, absl::InternalError("why"), std::chrono::microseconds(0), Echo::kValues),
              HasSubstr("X INTERNAL: why"));
}

TEST(StatementCacheTest, PreparesFromTheSecondUse) {
  StatementCache cache(2);
  EXPECT_EQ(cache.Find("a"), nullptr);
  EXPECT_FALSE(cache.Note("a"));
  EXPECT_TRUE(cache.Note("a"));
  EXPECT_EQ(cache.Add("a", cache.NewName()), std::nullopt);
  ASSERT_NE(cache.Find("a"), nullptr);
  EXPECT_EQ(*cache.Find("a"), "p1");
}

TEST(StatementCacheTest, TheLeastRecentlyUsedGoes) {
  StatementCache cache(2);
  cache.Add("a", "p1");
  cache.Add("b", "p2");
  cache.Find("a");
  EXPECT_EQ(cache.Add("c", "p3"), "p2");
  EXPECT_NE(cache.Find("a"), nullptr);
  EXPECT_EQ(cache.Find("b"), nullptr);
  EXPECT_EQ(cache.size(), 2u);
}

TEST(StatementCacheTest, TextsUsedOncePushNothingOut) {
  StatementCache cache(2);
  cache.Add("hot", "p1");
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(cache.Note("once " + std::to_string(i)));
  EXPECT_NE(cache.Find("hot"), nullptr);
  EXPECT_TRUE(cache.Note("once 999"));
  EXPECT_FALSE(cache.Note("once 1")) << "the memory of seen texts is bounded";
}

TEST(StatementCacheTest, EraseAndZero) {
  StatementCache cache(1);
  EXPECT_EQ(cache.Erase("a"), std::nullopt);
  cache.Add("a", "p1");
  EXPECT_EQ(cache.Erase("a"), "p1");
  EXPECT_EQ(cache.Find("a"), nullptr);
  const std::string longest(StatementCache::kLongest + 1, 'x');
  EXPECT_FALSE(cache.Note(longest));
  EXPECT_FALSE(cache.Note(longest));
  StatementCache none(0);
  EXPECT_FALSE(none.Note("a"));
  EXPECT_FALSE(none.Note("a"));
  EXPECT_EQ(none.size(), 0u);
}

}  // namespace
}  // namespace protogres::db
