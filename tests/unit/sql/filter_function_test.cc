// Functions and lists in filters.
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sql/filter.h"
#include "unit/sql/fixture.h"

namespace protogres::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FilterFunctionTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kCustomer = 0, kBook = 3, kDoc = 4;

  Statement Compile(std::string_view filter, std::size_t table) {
    auto statement = CompileFilter(contract_, contract_.tables[table], filter);
    EXPECT_TRUE(statement.ok()) << filter << ": " << statement.status();
    return statement.ok() ? *statement : Statement{"(error)", {}};
  }
  std::string Text(std::string_view filter, std::size_t table = kCustomer) { return Compile(filter, table).text; }
  Param Value(std::string_view filter, std::size_t table = kCustomer) {
    const Statement statement = Compile(filter, table);
    return statement.params.empty() ? Param("(none)") : statement.params.back();
  }
  std::string Message(std::string_view filter, std::size_t table = kCustomer) {
    const auto statement = CompileFilter(contract_, contract_.tables[table], filter);
    EXPECT_FALSE(statement.ok()) << filter << ": " << statement->text;
    return std::string(statement.status().message());
  }

  const contract::Contract contract_ = MakeContract();
};

TEST_F(FilterFunctionTest, Patterns) {
  EXPECT_EQ(Text(R"(like(name, "Li%"))"), R"(t."name" LIKE $1::text)");
  EXPECT_EQ(Text(R"(ilike(name, "li%"))"), R"(t."name" ILIKE $1::text)");
  EXPECT_EQ(Value(R"(ilike(name, "50\\%_*\*"))"), R"(50\%_%*)");
  EXPECT_EQ(Value(R"(like(name, "a\\*b\\\\*"))"), R"(a\*b\\%)");  // a backslash of the pattern's own before a star
  EXPECT_EQ(Text(R"(ilike(nick, "li%"))"), R"(t."nick" OPERATOR("public".~~*) $1::text)");
  EXPECT_EQ(Text(R"(ilike(code, "li%"))"), R"(t."code"::text ILIKE $1::text)");
  EXPECT_EQ(Text(R"(NOT ilike(address.city, "b%"))"), R"(NOT ((t."address")."city" ILIKE $1::text))");
  EXPECT_EQ(Text(R"(ilike(attrs.color, "r%"))"), R"((t."attrs" #>> $1::text[]) ILIKE $2::text)");
}

TEST_F(FilterFunctionTest, RegularExpressions) {
  EXPECT_EQ(Text(R"(matches(name, "^L"))"), R"(t."name" ~ $1::text)");
  EXPECT_EQ(Text(R"(imatches(email, "^l"))"), R"(t."email" OPERATOR("public".~*) $1::text)");
  EXPECT_EQ(Value(R"(matches(name, "a\\d*\*"))"), R"(a\d**)");
}

TEST_F(FilterFunctionTest, Search) {
  EXPECT_EQ(Text(R"(search(body, "cat dog", "english"))", kDoc),
            R"(pg_catalog.to_tsvector('english'::pg_catalog.regconfig, t."body") OPERATOR(pg_catalog.@@) )"
            R"(pg_catalog.websearch_to_tsquery('english'::pg_catalog.regconfig, $1::text))");
  EXPECT_EQ(Text(R"(search(words, "cat", simple))", kDoc),
            R"(t."words" OPERATOR(pg_catalog.@@) )"
            R"(pg_catalog.websearch_to_tsquery('simple'::pg_catalog.regconfig, $1::text))");
  EXPECT_EQ(Text("search(words, cat)", kDoc),
            R"(t."words" OPERATOR(pg_catalog.@@) pg_catalog.websearch_to_tsquery($1::text))");
  EXPECT_THAT(Text("search(attrs, cat)", kDoc), HasSubstr(R"(to_tsvector(t."attrs"))"));
  EXPECT_THAT(Text("search(attrs.note, cat)", kDoc), HasSubstr(R"(to_tsvector((t."attrs" #>> $1::text[])))"));
  // What is no plain name is a parameter.
  const Statement hostile = Compile(R"(search(body, "cat", "x'::y; --"))", kDoc);
  EXPECT_THAT(hostile.text, HasSubstr("to_tsvector($1::pg_catalog.regconfig, "));
  EXPECT_THAT(hostile.params, ElementsAre("x'::y; --", "cat"));
}

TEST_F(FilterFunctionTest, Ranges) {
  EXPECT_EQ(Text(R"x(contains(during, "[2024-01-01,2024-02-01)"))x", kDoc),
            R"(t."during" OPERATOR(pg_catalog.@>) $1::"pg_catalog"."tstzrange")");
  EXPECT_EQ(Text(R"x(within(during, "(,2024-02-01]"))x", kDoc),
            R"(t."during" OPERATOR(pg_catalog.<@) $1::"pg_catalog"."tstzrange")");
  EXPECT_EQ(Text(R"x(overlaps(spans, "[1,5)"))x", kDoc),
            R"(t."spans" OPERATOR(pg_catalog.&&) $1::"pg_catalog"."int4multirange")");
  EXPECT_EQ(Value("contains(during, 2024-01-01)", kDoc), R"(["2024-01-01","2024-01-01"])");
  EXPECT_EQ(Value("contains(spans, 5)", kDoc), R"({["5","5"]})");
  EXPECT_EQ(Value(R"x(contains(spans, "[1,5)"))x", kDoc), "{[1,5)}");
  EXPECT_EQ(Value(R"x(contains(spans, "{[1,5),[7,8)}"))x", kDoc), "{[1,5),[7,8)}");
  EXPECT_EQ(Value("overlaps(during, EMPTY)", kDoc), "EMPTY");
  EXPECT_EQ(Value(R"x(contains(during, "a\"b\\"))x", kDoc), R"x(["a\"b\\","a\"b\\"])x");
}

TEST_F(FilterFunctionTest, RepeatedFields) {
  EXPECT_EQ(Text("contains(counts, [1, 2])", kDoc),
            R"((t."counts" IS NOT NULL AND t."counts" OPERATOR(pg_catalog.@>) $1::"pg_catalog"."int4"[]))");
  EXPECT_EQ(Value("contains(counts, [1, 2])", kDoc), R"({"1","2"})");
  EXPECT_THAT(Text("overlaps(counts, 1)", kDoc), HasSubstr("OPERATOR(pg_catalog.&&)"));
  EXPECT_THAT(Text("within(counts, [1])", kDoc), HasSubstr("OPERATOR(pg_catalog.<@)"));
  EXPECT_THAT(Text("overlaps(moods, [sad, MOOD_HAPPY])"), HasSubstr(R"(&&) $1::"public"."mood"[])"));
  EXPECT_EQ(Value("overlaps(moods, [sad, MOOD_HAPPY])"), R"({"sad","happy"})");
  EXPECT_EQ(Text("contains(paths, [a, b])", kBook),
            R"((coalesce($1::"ext"."ltree" OPERATOR("ext".=) ANY(t."paths"), FALSE) AND )"
            R"(coalesce($2::"ext"."ltree" OPERATOR("ext".=) ANY(t."paths"), FALSE)))");
}

TEST_F(FilterFunctionTest, WildcardsOfElementsAreOneSubquery) {
  EXPECT_EQ(Text("overlaps(tags, [a*, b])"),
            R"(EXISTS (SELECT FROM unnest(t."tags") AS e WHERE e LIKE ANY($1::text[])))");
  EXPECT_EQ(Text("tags:a* OR tags:b OR tags:c*"), Text("overlaps(tags, [a*, b])"));
  EXPECT_EQ(Value("tags:[a*, b_]"), R"({"a%","b\\_"})");
  EXPECT_EQ(Text("contains(tags, [a*, c*])"),
            R"((t."tags" IS NOT NULL AND NOT EXISTS (SELECT FROM unnest($1::text[]) AS p WHERE NOT EXISTS )"
            R"((SELECT FROM unnest(t."tags") AS e WHERE e LIKE p))))");
  EXPECT_THAT(Text("contains(tags, [a*, b])"),
              HasSubstr("@>) $1::\"pg_catalog\".\"text\"[]) AND NOT EXISTS (SELECT FROM "
                        "unnest($2::text[]) AS p"));
  EXPECT_EQ(Text("within(tags, [a*, b])"), R"((t."tags" IS NOT NULL AND NOT EXISTS (SELECT FROM unnest(t."tags") AS e )"
                                           R"(WHERE (e LIKE ANY($1::text[])) IS NOT TRUE)))");
}

TEST_F(FilterFunctionTest, JsonValues) {
  EXPECT_EQ(Text(R"(contains(attrs, '{"color": "red"}'))"),
            R"((t."attrs" IS NOT NULL AND t."attrs" OPERATOR(pg_catalog.@>) $1::jsonb))");
  EXPECT_THAT(Text("contains(attrs, [a, b])"), HasSubstr("OPERATOR(pg_catalog.?&) $1::text[]"));
  EXPECT_THAT(Text("overlaps(attrs.tags, [a, b])"), HasSubstr("OPERATOR(pg_catalog.?|) $2::text[]"));
  EXPECT_EQ(Text("contains(attrs, [1, \"2\"])"),
            R"(((t."attrs" IS NOT NULL AND t."attrs" OPERATOR(pg_catalog.@>) pg_catalog.to_jsonb($1::numeric)) AND )"
            R"((t."attrs" IS NOT NULL AND t."attrs" OPERATOR(pg_catalog.?&) $2::text[])))");
  EXPECT_THAT(Text("overlaps(attrs, true)"), HasSubstr("OPERATOR(pg_catalog.@>) pg_catalog.to_jsonb($1::boolean)"));
  EXPECT_THAT(Message("contains(attrs, [a*])"),
              HasSubstr("at 18: keys and elements of a JSON value have no wildcards"));
  EXPECT_THAT(Text("within(doc, '[1,2]')"), HasSubstr(R"(t."doc"::jsonb OPERATOR(pg_catalog.<@) $1::jsonb)"));
}

TEST_F(FilterFunctionTest, OtherTypesHaveWhatPostgresFinds) {
  EXPECT_EQ(Text("contains(path, a.b)", kBook), R"(t."path" OPERATOR("ext".@>) $1::"ext"."ltree")");
  EXPECT_EQ(Text(R"x(overlaps(shape, "(0,0),(1,1)"))x", kDoc), R"(t."shape" && $1::"pg_catalog"."box")");
}

TEST_F(FilterFunctionTest, Lists) {
  EXPECT_EQ(Text("id: [1, 2, 3]"), R"(t."id" = ANY($1::"pg_catalog"."int8"[]))");
  EXPECT_EQ(Value("id = [1,2 , 3]"), R"({"1","2","3"})");
  EXPECT_EQ(Text("id != [1, 2]"), R"(t."id" <> ALL($1::"pg_catalog"."int8"[]))");
  EXPECT_EQ(Text("price = [1, 2]"), R"(t."price" = ANY($1::numeric[]::"pg_catalog"."money"[]))");
  EXPECT_EQ(Text("email = [a, b]"), R"(t."email" OPERATOR("public".=) ANY($1))");
  EXPECT_EQ(Text("mood = [sad, happy]"), R"(t."mood" = ANY($1::"public"."mood"[]))");
  EXPECT_EQ(Text("ident = [a, b]"), R"(t."ident" = ANY($1::text[]))");
  EXPECT_EQ(Value(R"(name = ["a,b", 'c"d\\', '}'])"), R"({"a,b","c\"d\\","}"})");
  EXPECT_THAT(Text("tags:[a, b]"), HasSubstr("OPERATOR(pg_catalog.&&)"));
  EXPECT_EQ(Text("attrs.color = [red, blue]"), R"((t."attrs" #>> $1::text[]) = ANY($2::text[]))");
  EXPECT_EQ(Text("id = []"), R"(t."id" = ANY($1::"pg_catalog"."int8"[]))");
  EXPECT_EQ(Text("tags:[]"), "FALSE");
}

TEST_F(FilterFunctionTest, AListOfWhatAnArrayCannotSay) {
  EXPECT_EQ(Text("name = [a*, null]"), R"((t."name" LIKE $1::text OR t."name" IS NULL))");
  EXPECT_EQ(Text("name != [a*, null]"), R"((t."name" NOT LIKE $1::text AND t."name" IS NOT NULL))");
  EXPECT_EQ(Text("mood_d = [sad]"), R"((t."mood_d"::"public"."mood" = $1::"public"."mood"))");
  EXPECT_EQ(Text("isbn = [1, 2]", kBook),
            R"((t."isbn" OPERATOR("ext".=) $1::"ext"."isbn" OR t."isbn" OPERATOR("ext".=) $2::"ext"."isbn"))");
}

TEST_F(FilterFunctionTest, AnArrayThatIsServedAsTextHasNoArrayOfArrays) {
  contract::Contract contract = MakeContract();
  contract::Type text = MakeType(contract::Kind::kString, R"("pg_catalog"."int4"[])");
  Add(MakeField("nums", text), &contract.tables[kDoc]);
  const auto statement = CompileFilter(contract, contract.tables[kDoc], R"(nums = "{1,2}" OR nums = "{3}")");
  ASSERT_TRUE(statement.ok()) << statement.status();
  EXPECT_EQ(statement->text, R"((t."nums" = $1::"pg_catalog"."int4"[] OR t."nums" = $2::"pg_catalog"."int4"[]))");
}

TEST_F(FilterFunctionTest, ADomainMayBeOverChar) {
  contract::Contract contract = MakeContract();
  contract::Type domain = TextType();
  domain.sql_type = domain.element_sql_type = R"("public"."zip")";
  Add(MakeField("zip", domain), &contract.tables[kDoc]);
  EXPECT_EQ(CompileFilter(contract, contract.tables[kDoc], "like(zip, 8*)")->text, R"(t."zip"::text LIKE $1::text)");
  EXPECT_EQ(CompileFilter(contract, contract.tables[kDoc], "zip = 8*")->text, R"(t."zip"::text LIKE $1::text)");
}

// A short list must not become a statement of many times its size.
TEST_F(FilterFunctionTest, AListOfALongPathIsBounded) {
  std::string filter = "attrs." + std::string(30'000, 'p') + " = [1";
  for (int i = 0; i < 14'000; ++i) filter += ",1";
  EXPECT_THAT(Message(filter + "]"), HasSubstr("each with its path, are more than 1048576 bytes"));
}

TEST_F(FilterFunctionTest, AlternativesOfOneFieldAreAList) {
  EXPECT_EQ(Text("id = 1 OR id = 2 OR (id = [3, 4])"), R"(t."id" = ANY($1::"pg_catalog"."int8"[]))");
  EXPECT_EQ(Value("id = 1 OR id = 2 OR (id = [3, 4])"), R"({"1","2","3","4"})");
  EXPECT_EQ(Text("age = 1 AND (id = 1 OR id = 2)"),
            R"(t."age" = $1::"pg_catalog"."int4" AND (t."id" = ANY($2::"pg_catalog"."int8"[])))");
  EXPECT_EQ(Text("id = 1 OR id = 2 OR name = x"),
            R"(t."id" = ANY($1::"pg_catalog"."int8"[]) OR t."name" = $2::"pg_catalog"."text")");
  EXPECT_EQ(Text("id = 1 OR id != 2"), R"(t."id" = $1::"pg_catalog"."int8" OR t."id" <> $2::"pg_catalog"."int8")");
}

TEST_F(FilterFunctionTest, ErrorsSayWhereAndWhatWasExpected) {
  EXPECT_THAT(Message("id > [1]"), HasSubstr("at 4: expected =, != or : before a list, found \">\""));
  EXPECT_THAT(Message("id = [1, x]"), HasSubstr("at 10: id: expected an integer"));
  EXPECT_THAT(Message("id = [1 2]"), HasSubstr("at 9: expected \",\" or \"]\" in the list, found \"2\""));
  EXPECT_THAT(Message("id = [1,"), HasSubstr("at 9: expected a value of the list, found the end"));
  EXPECT_THAT(Message("id = [[1]]"), HasSubstr("at 7: expected a value of the list, found \"[\""));
  EXPECT_THAT(Message("ilike(name)"),
              HasSubstr("at 1: expected one argument after the field of ilike(), found 0: ilike("));
  EXPECT_THAT(Message("ilike(name, a, b)"), HasSubstr("found 2"));
  EXPECT_THAT(Message("ilike(age, x)"),
              HasSubstr("at 7: ilike() is for text and for members of JSON values; \"age\" is of"));
  EXPECT_THAT(Message("ilike(nam, x)"), HasSubstr("at 7: unknown field \"nam\""));
  EXPECT_THAT(Message("ilike(name, [x])"), HasSubstr("at 13: ilike() takes one value here, found a list"));
  EXPECT_THAT(Message("ilike(name, null)"), HasSubstr("at 13: expected a value, found null"));
  EXPECT_THAT(Message("ilike(name, x"), HasSubstr("at 14: expected \",\" or \")\" in \"ilike(...)\""));
  EXPECT_THAT(Message("ilike()"), HasSubstr("at 7: expected a field's name after \"ilike(\""));
  EXPECT_THAT(Message("ilke(name, x)"), HasSubstr("unknown function \"ilke\"; did you mean"));
  EXPECT_THAT(Message("contains(name, x)"), HasSubstr("write name = \"*part*\""));
  EXPECT_THAT(Message("contains(age, 1)"), HasSubstr("is for repeated fields, ranges and JSON values"));
  EXPECT_THAT(Message("contains(attrs, x)"), HasSubstr("at 17: expected JSON"));
  EXPECT_THAT(Message("contains(files, x)"), HasSubstr("the elements of files cannot be compared"));
  EXPECT_THAT(Message("contains(during, [a])", kDoc), HasSubstr("takes one value, found a list"));
}

}  // namespace
}  // namespace protogres::sql
