#include "sql/filter.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "unit/sql/fixture.h"

namespace protogres::sql {
namespace {

using ::testing::ElementsAre;

class FilterTest : public ::testing::Test {
 protected:
  Statement Compile(std::string_view filter, int first_param = 1, std::size_t table = 0) {
    auto statement = CompileFilter(contract_, contract_.tables[table], filter, {.first_param = first_param});
    EXPECT_TRUE(statement.ok()) << filter << ": " << statement.status();
    return statement.ok() ? *statement : Statement{"(error)", {}};
  }
  std::string Text(std::string_view filter) { return Compile(filter).text; }
  std::string TextOfBook(std::string_view filter) { return Compile(filter, 1, 3).text; }
  Param Value(std::string_view filter) {
    const Statement statement = Compile(filter);
    return statement.params.empty() ? Param("(none)") : statement.params.back();
  }

  const contract::Contract contract_ = MakeContract();
};

TEST_F(FilterTest, BlankIsNoCondition) {
  EXPECT_EQ(Text(""), "");
  EXPECT_EQ(Text(" \t\r\n "), "");
}

TEST_F(FilterTest, TheDesignsExample) {
  const Statement statement =
      Compile(R"(age >= 18 AND (name = "Li*" OR NOT tags:"x") AND deleted_at = null AND attrs.color = "red")", 3);
  EXPECT_EQ(statement.text,
            R"(t."age" >= $3::"pg_catalog"."int4" AND (t."name" LIKE $4::text OR NOT ((t."tags" IS NOT NULL AND )"
            R"(t."tags" OPERATOR(pg_catalog.@>) ARRAY[$5::"pg_catalog"."text"]))) AND t."deleted_at" IS NULL AND )"
            R"((t."attrs" #>> $6::text[]) = $7::text)");
  EXPECT_THAT(statement.params, ElementsAre("18", "Li%", "x", R"({"color"})", "red"));
}

TEST_F(FilterTest, OrBindsTighterThanAnd) {
  const char* expected = R"(t."name" IS NULL AND (t."age" IS NULL OR t."rank" IS NULL))";
  EXPECT_EQ(Text("name = null AND age = null OR rank = null"), expected);
  EXPECT_EQ(Text("name = null age = null OR rank = null"), expected);
  EXPECT_EQ(Text("(name=null)AND((age=null OR(rank=null)))"), expected);
}

TEST_F(FilterTest, ParenthesesAreKeptWhereTheyMatter) {
  EXPECT_EQ(Text("(name = null AND age = null) OR rank = null"),
            R"((t."name" IS NULL AND t."age" IS NULL) OR t."rank" IS NULL)");
  EXPECT_EQ(Text("NOT (name = null OR -age = null)"), R"(NOT (t."name" IS NULL OR NOT (t."age" IS NULL)))");
}

TEST_F(FilterTest, MinusNegatesBeforeAFieldAndSignsAValue) {
  EXPECT_EQ(Value("age = -5"), "-5");
  EXPECT_EQ(Text("age = 5 -name = null"), R"(t."age" = $1::"pg_catalog"."int4" AND NOT (t."name" IS NULL))");
  EXPECT_EQ(Text("--name = null"), R"(NOT (NOT (t."name" IS NULL)))");
}

TEST_F(FilterTest, WildcardsInText) {
  EXPECT_EQ(Value(R"(name = "50%_*\\x")"), R"(50\%\_%\\x)");
  EXPECT_EQ(Text(R"(name != "a*")"), R"(t."name" NOT LIKE $1::text)");
  EXPECT_EQ(Text("name:a*"), R"(t."name" LIKE $1::text)");
  EXPECT_EQ(Text("nick = *a"), R"(t."nick" OPERATOR("public".~~) $1::text)");
  EXPECT_EQ(Text("code = *a"), R"(t."code"::text LIKE $1::text)");
  EXPECT_EQ(Text("tags:a*"), R"(EXISTS (SELECT FROM unnest(t."tags") AS e WHERE e LIKE $1::text))");
}

TEST_F(FilterTest, AStarThatIsNoWildcard) {
  EXPECT_EQ(Text(R"(name = "a\*")"), R"(t."name" = $1::"pg_catalog"."text")");
  EXPECT_EQ(Value(R"(name = "a\*")"), "a*");
  EXPECT_EQ(Value(R"(name = "\*a*")"), "*a%");
  EXPECT_EQ(Text("name > a*"), R"(t."name" > $1::"pg_catalog"."text")");
}

TEST_F(FilterTest, QuotedText) {
  EXPECT_EQ(Value(R"(name = "it's \"x\" \\ \n\r\t")"), "it's \"x\" \\ \n\r\t");
  EXPECT_EQ(Value(R"(name = 'a"\'b')"), "a\"'b");
  EXPECT_EQ(Value(R"(name = "")"), "");
  EXPECT_EQ(Value(R"(name = "'; DROP TABLE customer; --")"), "'; DROP TABLE customer; --");
  EXPECT_EQ(Value("name = 李*雷"), "李%雷");
}

TEST_F(FilterTest, NullAndPresence) {
  EXPECT_EQ(Text("name != null"), R"(t."name" IS NOT NULL)");
  EXPECT_EQ(Text("name:*"), R"(t."name" IS NOT NULL)");
  EXPECT_EQ(Value(R"(name = "null")"), "null");
  EXPECT_EQ(Text("tags:*"), R"(coalesce(cardinality(t."tags"), 0) > 0)");
  EXPECT_EQ(Text("place = null"), R"(t."place" IS NULL)");
  EXPECT_EQ(Text("address != null"), R"(t."address" IS DISTINCT FROM NULL)");
  EXPECT_EQ(Text("address:city"), R"((t."address")."city" IS NOT NULL)");
  EXPECT_EQ(Text("files:*"), R"(coalesce(cardinality(t."files"), 0) > 0)");
}

TEST_F(FilterTest, EveryTypesOwnCast) {
  EXPECT_EQ(Text("rank < -32768"), R"(t."rank" < $1::"pg_catalog"."int2")");
  EXPECT_EQ(Text("price >= 1.50"), R"(t."price" >= $1::numeric::"pg_catalog"."money")");
  EXPECT_EQ(Text("born > 2024-01-01"), R"(t."born" > $1::"pg_catalog"."date")");
  EXPECT_EQ(Text("vip < true"), R"(t."vip" < $1::"pg_catalog"."bool")");
  EXPECT_EQ(Text("ident = x"), R"(t."ident" = $1::text)");
  EXPECT_EQ(Text("odd_name = x"), R"(t."odd "" name" = $1::"pg_catalog"."text")");
  EXPECT_EQ(Text("prices:1"), R"((t."prices" IS NOT NULL AND )"
                              R"(t."prices" OPERATOR(pg_catalog.@>) ARRAY[$1::numeric::"pg_catalog"."money"]))");
}

TEST_F(FilterTest, ExtensionTypesAndDomainsTakeTheColumnsOwnComparison) {
  EXPECT_EQ(Text("nick = x"), R"(t."nick" OPERATOR("public".=) $1)");
  EXPECT_EQ(Text("email = x"), R"(t."email" OPERATOR("public".=) $1)");
  EXPECT_EQ(Text("email != x*"), R"(t."email" OPERATOR("public".!~~) $1::text)");
  EXPECT_EQ(Text("mood_d < happy"), R"(t."mood_d"::"public"."mood" < $1::"public"."mood")");
}

// They are found whatever the search_path is.
TEST_F(FilterTest, OperatorsOfExtensionsAreNamedByTheirSchema) {
  EXPECT_EQ(TextOfBook("path >= a.b"), R"(t."path" OPERATOR("ext".>=) $1::"ext"."ltree")");
  EXPECT_EQ(TextOfBook("isbn != 0"), R"(t."isbn" OPERATOR("ext".<>) $1::"ext"."isbn")");
  EXPECT_EQ(TextOfBook("attrs = x"), R"(t."attrs" OPERATOR("ext".=) $1::"ext"."hstore")");
  EXPECT_EQ(TextOfBook("paths:a.b"), R"(coalesce($1::"ext"."ltree" OPERATOR("ext".=) ANY(t."paths"), FALSE))");
  EXPECT_EQ(TextOfBook("paths:*"), R"(coalesce(cardinality(t."paths"), 0) > 0)");
}

TEST_F(FilterTest, EnumsByLabelOrName) {
  EXPECT_EQ(Text("mood >= sad"), R"(t."mood" >= $1::"public"."mood")");
  EXPECT_EQ(Value("mood = MOOD_SO_SO"), "so so");
  EXPECT_EQ(Value(R"(mood = "so so")"), "so so");
  EXPECT_EQ(Text("moods:happy"), R"((t."moods" IS NOT NULL AND )"
                                 R"(t."moods" OPERATOR(pg_catalog.@>) ARRAY[$1::"public"."mood"]))");
}

TEST_F(FilterTest, CompositeMembers) {
  EXPECT_EQ(Text("address.city = x"), R"((t."address")."city" = $1::"pg_catalog"."text")");
  EXPECT_EQ(Text("address.tags:x"), R"(((t."address")."Tags" IS NOT NULL AND )"
                                    R"((t."address")."Tags" OPERATOR(pg_catalog.@>) ARRAY[$1::"pg_catalog"."text"]))");
  EXPECT_EQ(Text("address.extra.k = v"), R"(((t."address")."extra" #>> $1::text[]) = $2::text)");
}

TEST_F(FilterTest, JsonMembersCompareWithoutFailing) {
  EXPECT_EQ(Text("attrs.size = 42"), R"(NULLIF((t."attrs" #> $1::text[]), 'null') = to_jsonb($2::numeric))");
  EXPECT_EQ(Text("attrs.size < 42"), R"(CASE WHEN jsonb_typeof((t."attrs" #> $1::text[])) = 'number' )"
                                     R"(THEN (t."attrs" #>> $1::text[])::numeric < $2::numeric END)");
  EXPECT_EQ(Text("attrs.on != true"), R"(NULLIF((t."attrs" #> $1::text[]), 'null') <> to_jsonb($2::boolean))");
  EXPECT_EQ(Text(R"(attrs.size = "42")"), R"((t."attrs" #>> $1::text[]) = $2::text)");
  EXPECT_EQ(Text("attrs.color = r*"), R"((t."attrs" #>> $1::text[]) LIKE $2::text)");
  EXPECT_EQ(Text("attrs.color = null"), R"((t."attrs" #>> $1::text[]) IS NULL)");
  EXPECT_EQ(Text("attrs.color:*"), R"((t."attrs" #>> $1::text[]) IS NOT NULL)");
  EXPECT_EQ(Text("doc.a = x"), R"((t."doc"::jsonb #>> $1::text[]) = $2::text)");
}

TEST_F(FilterTest, JsonHas) {
  EXPECT_EQ(Text("attrs:color"), R"((t."attrs" IS NOT NULL AND t."attrs" ? $1::text))");
  EXPECT_EQ(Text("attrs.n:5"), R"(((t."attrs" #> $1::text[]) IS NOT NULL AND )"
                               R"((t."attrs" #> $1::text[]) @> to_jsonb($2::numeric)))");
}

TEST_F(FilterTest, JsonPathsMayHaveAnyNames) {
  EXPECT_EQ(Compile(R"(attrs.AND."a.b \"{},\\".0 = null)").params[0], R"({"AND","a.b \"{},\\","0"})");
}

TEST_F(FilterTest, LiteralsBecomePostgresText) {
  EXPECT_EQ(Value("age = +7"), "7");
  EXPECT_EQ(Value(R"(age = "7")"), "7");
  EXPECT_EQ(Value("owner = 4294967295"), "4294967295");
  EXPECT_EQ(Value("score = -Infinity"), "-Infinity");
  EXPECT_EQ(Value("score = nan"), "NaN");
  EXPECT_EQ(Value("ratio = 1.5e-3"), "1.5e-3");
  EXPECT_EQ(Value("balance = 12345678901234567890.123456789"), "12345678901234567890.123456789");
  EXPECT_EQ(Value("vip = TRUE"), "true");
  EXPECT_EQ(Value("ref = 123e4567e89b12d3a456426614174000"), "123e4567e89b12d3a456426614174000");
  EXPECT_EQ(Value(R"(blob = "AP8=")"), "\\x00ff");
  EXPECT_EQ(Value(R"(blob = "\\x00ff")"), "\\x00ff");
  EXPECT_EQ(Value(R"(blob = "")"), "\\x");
}

TEST_F(FilterTest, TimestampsBecomeUtc) {
  EXPECT_EQ(Value("seen = 2024-05-01T10:00:00Z"), "2024-05-01 10:00:00.000000+00");
  EXPECT_EQ(Value(R"(seen = "2024-03-01T00:30:00.25+02:00")"), "2024-02-29 22:30:00.250000+00");
  EXPECT_EQ(Value(R"(made = "2023-12-31T23:30:00-01:00")"), "2024-01-01 00:30:00.000000+00");
  EXPECT_EQ(Value("made = 2024-05-01"), "2024-05-01 00:00:00.000000+00");
  EXPECT_EQ(Value("seen = 2016-12-31T23:59:60Z"), "2017-01-01 00:00:00.000000+00");
  EXPECT_EQ(Value("seen = 2024-05-01T10:00:00.123456000Z"), "2024-05-01 10:00:00.123456+00");
  EXPECT_EQ(Value("seen = -infinity"), "-infinity");
}

}  // namespace
}  // namespace protogres::sql
