// The pure parts: PostgreSQL's errors, connection strings, --echo, the statement cache.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "db/conninfo.h"
#include "db/echo.h"
#include "db/message.h"
#include "db/statement_cache.h"
#include "status/status.h"

namespace protogres::db {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MessageTest, ALineOfACopy) {
  const auto parse = [](const std::string& context) { return FromFields({.sqlstate = "22P02", .context = context}); };
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
  const status::ServerError error = FromFields({.sqlstate = "23505",
                                                .message = "duplicate key value violates unique constraint \"t_pkey\"",
                                                .detail = "Key (id)=(1) already exists.",
                                                .hint = "Take another.",
                                                .table = "t",
                                                .constraint = "t_pkey",
                                                .column = "id"});
  EXPECT_EQ(error.sqlstate, "23505");
  EXPECT_EQ(error.message,
            "duplicate key value violates unique constraint \"t_pkey\" (Key (id)=(1) already exists.; Take another.)");
  EXPECT_EQ(error.table, "t");
  EXPECT_EQ(error.column, "id");
  EXPECT_EQ(error.constraint, "t_pkey");
}

TEST(MessageTest, OfARaiseTheDetailAndHintAreKeptApart) {
  ErrorFields fields{
      .sqlstate = "P0001", .message = "no", .detail = "since", .hint = "so", .function = "exec_stmt_raise"};
  EXPECT_EQ(FromFields(fields).message, "no (since; so)");
  EXPECT_EQ(FromFields(fields).detail, "since");
  EXPECT_EQ(FromFields(fields).hint, "so");
  fields.function = "ExecConstraints";
  EXPECT_EQ(FromFields(fields).detail, "");
}

TEST(MessageTest, ARowIsNeverShown) {
  const status::ServerError error =
      FromFields({.sqlstate = "23502",
                  .message = "null value in column \"a\" of relation \"t\" violates not-null constraint",
                  .detail = "Failing row contains (1, secret, null).",
                  .column = "a"});
  EXPECT_THAT(error.message, Not(HasSubstr("secret")));
  EXPECT_EQ(error.column, "a");
}

TEST(MessageTest, WhereAnotherServerIsIsNotTold) {
  const status::ServerError error = FromFields({.sqlstate = "08001",
                                                .message = "could not connect to server \"far\"",
                                                .detail = "connection to server at \"secret.host\" failed"});
  EXPECT_THAT(error.message, Not(HasSubstr("secret")));
}

TEST(MessageTest, WhetherAnotherServerHasCommittedIsInDoubt) {
  const auto in_doubt = [](const char* sqlstate, const char* context) {
    return status::InDoubtElsewhere(FromFields({.sqlstate = sqlstate, .context = context}));
  };
  EXPECT_TRUE(in_doubt("08006", "remote SQL command: UPDATE public.account SET balance = 1"));
  EXPECT_TRUE(in_doubt("40001", "remote SQL command: COMMIT TRANSACTION"));
  EXPECT_TRUE(in_doubt("P0001", "PL/pgSQL-Funktion f()\nentfernter SQL-Befehl: COMMIT TRANSACTION"));
  EXPECT_FALSE(in_doubt("08001", ""));
  EXPECT_FALSE(in_doubt("08P01", ""));
  EXPECT_FALSE(in_doubt("40001", "remote SQL command: UPDATE public.account SET balance = 1"));
  EXPECT_FALSE(in_doubt("23505", ""));
}

TEST(MessageTest, ManyLinesBecomeOne) {
  EXPECT_EQ(FromFields({.sqlstate = "P0001", .message = "one\n  two\r\nthree\n"}).message, "one two three");
}

TEST(MessageTest, WhatTheDatabasesOwnCodeDoesNotFind) {
  const absl::Status status = status::ToStatus(FromFields({.sqlstate = "42883",
                                                           .message = "function uuid_generate_v4() does not exist",
                                                           .internal_query = "NEW.id := uuid_generate_v4()"}));
  EXPECT_EQ(status::ReasonOf(status), "RAISED_EXCEPTION");
  EXPECT_THAT(std::string(status.message()), HasSubstr("uuid_generate_v4() does not exist; this is in a function"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("--search_path"));
}

TEST(MessageTest, ACachedPlanIsKnownInAnyLanguage) {
  const status::ServerError error = FromFields(
      {.sqlstate = "0A000", .message = "zwischengespeicherter Plan ...", .function = "RevalidateCachedQuery"});
  EXPECT_TRUE(status::StalePlan(status::ToStatus(error)));
}

TEST(RefusalTest, TheSeveritysLanguageDoesNotMatter) {
  const auto error = ParseRefusal("ВАЖНО:  3D000: база данных \"x\" не существует\n");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->sqlstate, "3D000");
  EXPECT_EQ(error->message, "база данных \"x\" не существует");
}

TEST(RefusalTest, WhatComesBeforeAndAfterIsLeftOut) {
  const auto error = ParseRefusal(
      "connection to server at \"db\", port 5432 failed: FATAL:  57P03: the database system is starting up\nDETAIL:  "
      "Soon.\nLOCATION:  ProcessStartupPacket, postmaster.c:2303\nserver closed the connection unexpectedly\n");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->sqlstate, "57P03");
  EXPECT_EQ(error->message, "the database system is starting up");
}

TEST(RefusalTest, WithoutAnSqlstateItIsNotTheServers) {
  for (const char* text :
       {"", ":  ", "ERROR:  ", "ERROR:  2350", "ERROR:  23505", "ERROR:  duplicate key", "a:  b:  c:  d",
        "connection to server at \"::1\", port 1 failed: Connection refused\n\tIs the server running?\n",
        "server closed the connection unexpectedly\n\tThis probably means the server terminated\n"}) {
    EXPECT_FALSE(ParseRefusal(text)) << text;
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

TEST(ConninfoTest, TheSearchPathIsOneOfTheOptions) {
  const auto conninfo = Conninfo({.database = "", .search_path = {"extensions", "$user", "a \"b\\c"}});
  ASSERT_TRUE(conninfo.ok());
  EXPECT_THAT(*conninfo, HasSubstr(R"( -c search_path="extensions","$user","a\\ ""b\\\\c"')"));
  EXPECT_THAT(*Conninfo({.database = ""}), Not(HasSubstr("search_path")));
}

TEST(ConninfoTest, APoolerThatRefusesOptionsGetsOnlyTheUsersOwn) {
  ConnectionOptions options{.database = "host=h"};
  options.pooler->RefusedOptions();
  EXPECT_THAT(*Conninfo(options), HasSubstr("options=''"));
  options.database += " options='-c work_mem=5MB'";
  EXPECT_THAT(*Conninfo(options), HasSubstr("options='-c work_mem=5MB'"));
  EXPECT_THAT(*Conninfo({.database = "host=h"}), HasSubstr("options='-c client_encoding=UTF8")) << "another's";
}

TEST(ConninfoTest, ATransactionGetsTheSameDefaults) {
  const std::string sql = TransactionDefaults({});
  EXPECT_THAT(sql, HasSubstr("; SET LOCAL role TO DEFAULT; SET LOCAL search_path TO DEFAULT; "));
  EXPECT_THAT(sql, HasSubstr("; SET LOCAL client_encoding=UTF8; SET LOCAL DateStyle=ISO; "));
  EXPECT_THAT(sql, Not(HasSubstr("-c")));
  EXPECT_THAT(TransactionDefaults({.search_path = {"extensions", "$user"}}),
              HasSubstr(R"(; SET LOCAL search_path TO "extensions","$user"; )"));
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
    EXPECT_EQ(status::ReasonOf(conninfo.status()), "INVALID_CONNECTION_STRING") << text;
  }
  EXPECT_FALSE(Conninfo({.database = std::string("host=h\0x", 8)}).ok());
}

TEST(ConninfoTest, WhatIsMalformedIsNotShown) {
  for (const std::string text :
       {"postgresql://user:s3cret@[::1", "postgresql://user:s3%crets3cret@h/", "password=my s3cret",
        "user=u password=\"a\" s3cret", "postgresql://u@h/d?password=s3cret=s3cret", "postgresql://u@h/d?s3cret",
        "s3cret=1", "password='s3cret"}) {
    const auto conninfo = Conninfo({.database = text});
    EXPECT_EQ(conninfo.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(conninfo.status().message()), Not(HasSubstr("s3c"))) << text;
  }
}

TEST(ConninfoTest, ASilentServerIsNoticedUnlessTheUserHasOtherWishes) {
  EXPECT_THAT(*Conninfo({.database = "host=h"}), HasSubstr("keepalives_idle='20'"));
  EXPECT_THAT(*Conninfo({.database = "host=h"}), HasSubstr("tcp_user_timeout='30000'"));
  EXPECT_THAT(*Conninfo({.database = "host=h tcp_user_timeout=1"}), HasSubstr("tcp_user_timeout='1'"));
  EXPECT_THAT(*Conninfo({.database = "service=s"}), Not(HasSubstr("tcp_user_timeout")));
}

TEST(EchoTest, TypesNeverValues) {
  const std::vector<Param> params = {"secret", std::nullopt, ""};
  const std::string line =
      EchoLine("SELECT $1,\n  $2, $3", params, absl::OkStatus(), std::chrono::microseconds(1234), Echo::kTypes);
  EXPECT_EQ(line, "SELECT $1, $2, $3 [$1 text(6), $2 NULL, $3 text(0)] OK 1.234 ms");
  const absl::Status failed = status::Error(absl::StatusCode::kAlreadyExists, "Key (a)=(secret)", "UNIQUE_VIOLATION");
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
  StatementCache cache(2, "p");
  EXPECT_EQ(cache.Find("a"), nullptr);
  EXPECT_FALSE(cache.Note("a"));
  EXPECT_TRUE(cache.Note("a"));
  EXPECT_EQ(cache.Add("a", cache.NewName()), std::nullopt);
  ASSERT_NE(cache.Find("a"), nullptr);
  EXPECT_EQ(*cache.Find("a"), "p_1");
}

TEST(StatementCacheTest, TheLeastRecentlyUsedGoes) {
  StatementCache cache(2, "p");
  cache.Add("a", "p1");
  cache.Add("b", "p2");
  cache.Find("a");
  EXPECT_EQ(cache.Add("c", "p3"), "p2");
  EXPECT_NE(cache.Find("a"), nullptr);
  EXPECT_EQ(cache.Find("b"), nullptr);
  EXPECT_EQ(cache.size(), 2u);
}

TEST(StatementCacheTest, TextsUsedOncePushNothingOut) {
  StatementCache cache(2, "p");
  cache.Add("hot", "p1");
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(cache.Note("once " + std::to_string(i)));
  EXPECT_NE(cache.Find("hot"), nullptr);
  EXPECT_TRUE(cache.Note("once 999"));
  EXPECT_FALSE(cache.Note("once 1")) << "the memory of seen texts is bounded";
}

TEST(StatementCacheTest, EraseAndZero) {
  StatementCache cache(1, "p");
  EXPECT_EQ(cache.Erase("a"), std::nullopt);
  cache.Add("a", "p1");
  EXPECT_EQ(cache.Erase("a"), "p1");
  EXPECT_EQ(cache.Find("a"), nullptr);
  const std::string longest(StatementCache::kLongest + 1, 'x');
  EXPECT_FALSE(cache.Note(longest));
  EXPECT_FALSE(cache.Note(longest));
  StatementCache none(0, "p");
  EXPECT_FALSE(none.Note("a"));
  EXPECT_FALSE(none.Note("a"));
  EXPECT_EQ(none.size(), 0u);
}

}  // namespace
}  // namespace protogres::db
