#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sql/filter.h"
#include "status/status.h"
#include "unit/sql/fixture.h"

namespace protogres::sql {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class FilterErrorTest : public ::testing::Test {
 protected:
  absl::Status Fail(std::string_view filter) {
    const auto statement = CompileFilter(contract_, contract_.tables[0], filter);
    EXPECT_FALSE(statement.ok()) << filter << ": " << statement->text;
    EXPECT_EQ(statement.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status::ReasonOf(statement.status()), "INVALID_FILTER");
    return statement.status();
  }
  // Without the path, which all begin with.
  std::string Message(std::string_view filter) {
    const std::string message(Fail(filter).message());
    EXPECT_THAT(message, StartsWith("filter: "));
    return message.substr(std::string("filter: ").size());
  }

  const contract::Contract contract_ = MakeContract();
};

std::string Repeat(const std::string& text, int times) {
  std::string repeated;
  for (int i = 0; i < times; ++i) repeated += text;
  return repeated;
}

TEST_F(FilterErrorTest, SyntaxErrorsSayWhereAndWhat) {
  EXPECT_EQ(Message("age ="), R"(at 6: expected a value after "=", found the end of the filter)");
  EXPECT_EQ(Message("name"),
            R"(at 5: expected a comparison (= != < <= > >= :) after "name", found the end of the filter)");
  EXPECT_EQ(Message("= 5"), R"(at 1: expected a field's name, found "=")");
  EXPECT_EQ(Message("name = x)"), "at 9: expected AND, OR or the end, found \")\"");
  EXPECT_EQ(Message("(name = x"), "at 10: expected AND, OR or \")\", found the end of the filter");
  EXPECT_EQ(Message("name = (x)"), R"(at 8: expected a value after "=", found "(")");
  EXPECT_EQ(Message("name = x AND"), "at 13: expected a field's name, found the end of the filter");
  EXPECT_EQ(Message("name = x OR OR age = 1"), R"(at 13: expected a field's name, found "OR")");
  EXPECT_EQ(Message("name == x"), R"(at 7: expected a value after "=", found "=")");
  EXPECT_EQ(Message("name = - 5"), R"(at 8: expected a value after "=", found "-")");
  EXPECT_EQ(Message("attrs. = 5"), R"(at 8: expected a member's name after ".", found "=")");
  EXPECT_EQ(Message("()"), "at 2: expected a field's name, found \")\"");
}

TEST_F(FilterErrorTest, WhatIsNotSupportedIsNamed) {
  EXPECT_EQ(Message("lower(name)"), R"(at 1: unknown function "lower"; there are "like", "ilike", "matches", )"
                                    R"("imatches", "search", "contains", "within" and "overlaps")");
  EXPECT_THAT(Message("name = x and age = 1"), HasSubstr("(AND, OR and NOT are in upper case)"));
  EXPECT_THAT(Message("name <> x"), StartsWith("at 6: found \"<>\"; write !="));
  EXPECT_THAT(Message("!vip = true"), StartsWith("at 1: found \"!\"; write NOT"));
  EXPECT_THAT(Message("name = x, age = 1"), StartsWith("at 9: expected AND, OR or the end, found \",\""));
}

TEST_F(FilterErrorTest, QuotedText) {
  EXPECT_THAT(Message(R"(name = "x)"), StartsWith("at 8: found a quoted text that has no closing \""));
  EXPECT_THAT(Message(R"(name = "x\)"), StartsWith("at 8: "));
  EXPECT_THAT(Message(R"(name = "x\q")"), StartsWith("at 10: found an unknown escape"));
}

TEST_F(FilterErrorTest, PositionsCountCharactersNotBytes) {
  EXPECT_THAT(Message(R"(name = "日本語" AND agee = 1)"), StartsWith("at 18: unknown field"));
}

TEST_F(FilterErrorTest, UnknownFields) {
  EXPECT_EQ(Message("agee = 5"), R"(at 1: unknown field "agee"; did you mean "age"?)");
  EXPECT_EQ(Message(R"("odd \" name" = 5)"), R"(at 1: unknown field "odd " name"; did you mean "odd_name"?)");
  EXPECT_EQ(Message("address.nope = 1"), R"(at 9: unknown field "nope"; there are "city", "zip", "tags" and "extra")");
  EXPECT_EQ(Message("name.first = x"), R"(at 6: "name" has no members, found "first")");
  // Long input is not sent back whole.
  EXPECT_LT(Message(std::string(50'000, 'x') + " = 1").size(), 200u);
}

TEST_F(FilterErrorTest, FieldsThatAreInputOnly) {
  contract::Contract guarded = MakeContract();
  guarded.tables[0].fields[1].readable = false;
  for (const char* filter : {"id = 1 AND name = x", "id = 1 AND name = null", "id = 1 AND name.first = x"}) {
    EXPECT_EQ(CompileFilter(guarded, guarded.tables[0], filter).status().message(),
              R"(filter: at 12: "name" is input only: the server's role may write it, but not read it)");
  }
}

TEST_F(FilterErrorTest, LiteralsThatDoNotFit) {
  EXPECT_EQ(Message("age = 2147483648"),
            R"(at 7: age: expected an integer from -2147483648 to 2147483647, found "2147483648")");
  EXPECT_EQ(Message("age = +-5"), R"(at 7: age: expected an integer from -2147483648 to 2147483647, found "+-5")");
  EXPECT_EQ(Message("score = +-inf"), R"(at 9: score: expected a number, found "+-inf")");
  EXPECT_THAT(Message("rank = 32768"), HasSubstr("from -32768 to 32767"));
  EXPECT_THAT(Message("owner = -1"), HasSubstr("from 0 to 4294967295"));
  EXPECT_THAT(Message("id = 9223372036854775808"), HasSubstr("9223372036854775807"));
  for (const char* filter : {"age = x",
                             "age = 1.5",
                             "age = 1e3",
                             "age = \"\"",
                             "age = 0x10",
                             "score = 1e999",
                             "ratio = 1e39",
                             "score = 1.2.3",
                             "balance = 1e",
                             "balance = .",
                             "vip = yes",
                             "vip = 1",
                             "ref = 123e4567-e89b-12d3-a456",
                             "ref = 123e4567-e89b-12d3-a456-42661417400g",
                             "blob = \"\\\\x0\"",
                             "blob = \"\\\\xzz\"",
                             "blob = \"?\"",
                             "mood = MOOD_UNSPECIFIED",
                             "prices:x",
                             "tags.x:y",
                             "attrs:a*"}) {
    Message(filter);
  }
  EXPECT_THAT(Message("mood = hapy"), EndsWith(R"("hapy" is no value of the enum; did you mean "happy"?)"));
  EXPECT_THAT(Message("mood = x"), EndsWith(R"(there are "sad", "so so" and "happy")"));
}

TEST_F(FilterErrorTest, Timestamps) {
  for (const char* value :
       {"2024-02-30", "2023-02-29", "2024-13-01", "0000-01-01", "2024-05-01T24:00:00Z", "2024-05-01T10:00Z",
        "2024-05-01T10:00:00.", "2024-05-01T10:00:00.0000001Z", "2024-05-01T10:00:00+2", "2024-05-01T10:00:00ZZ", "now",
        "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2024-5-1", ""}) {
    EXPECT_THAT(Message("seen = \"" + std::string(value) + "\""), HasSubstr("expected a timestamp")) << value;
  }
}

TEST_F(FilterErrorTest, ComparisonsThatATypeDoesNotHave) {
  EXPECT_EQ(Message("tags = x"), R"(at 6: "tags" is repeated: expected ":" (it has the element), found "=")");
  EXPECT_THAT(Message("name > null"), StartsWith("at 6: expected = or != before null, found \">\""));
  EXPECT_THAT(Message("name:null"), StartsWith("at 5: expected = or != before null"));
  EXPECT_THAT(Message("place = x"), HasSubstr("only place = null and place != null can be asked"));
  EXPECT_THAT(Message("attrs = x"), HasSubstr("(attrs.member), or ask for a key (attrs:key)"));
  EXPECT_THAT(Message("address = x"), HasSubstr("compare one of its fields (address.city)"));
  EXPECT_THAT(Message("files:x"), HasSubstr("cannot be compared"));
  EXPECT_THAT(Message("attrs.on < true"), HasSubstr("expected = or != before true"));
  contract::Contract contract = contract_;
  contract.tables[0].fields[14].type.orderable = false;
  EXPECT_THAT(
      std::string(
          CompileFilter(contract, contract.tables[0], "ref < 123e4567e89b12d3a456426614174000").status().message()),
      HasSubstr("without an order"));
}

TEST_F(FilterErrorTest, NestingIsBounded) {
  const auto nested = [](const std::string& open, int depth, const std::string& close) {
    return Repeat(open, depth) + "age = 1" + Repeat(close, depth);
  };
  for (const auto& [open, close] :
       {std::pair<std::string, std::string>{"(", ")"}, {"NOT ", ""}, {"-", ""}, {"-(", ")"}}) {
    const int weight = open == "-(" ? 2 : 1;
    EXPECT_TRUE(CompileFilter(contract_, contract_.tables[0], nested(open, kMaxFilterDepth / weight, close)).ok());
    EXPECT_THAT(Message(nested(open, kMaxFilterDepth + 1, close)), HasSubstr("more than 100 nested expressions"));
    EXPECT_THAT(Message(nested(open, 10'000, close)), HasSubstr("more than 100 nested expressions"));
    Message(Repeat(open, 10'000));
  }
  // Side by side is not nested.
  EXPECT_TRUE(CompileFilter(contract_, contract_.tables[0], Repeat("(age = 1) ", 5'000)).ok());
}

TEST_F(FilterErrorTest, LengthIsBounded) {
  const std::string longest = "name = " + std::string(kMaxFilterBytes - 7, 'x');
  EXPECT_TRUE(CompileFilter(contract_, contract_.tables[0], longest).ok());
  EXPECT_THAT(Message(longest + "x"), StartsWith("expected at most 65536 bytes, found 65537"));
}

TEST_F(FilterErrorTest, TextMustBeUtf8WithoutNul) {
  EXPECT_EQ(Message("name = \"\xff\""), "invalid UTF-8 at byte 9");
  for (const char* bad : {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe6\x97", "\x80"}) {
    EXPECT_THAT(Message(std::string("name = ") + bad), StartsWith("invalid UTF-8"));
  }
  EXPECT_EQ(Message(std::string("name = \"a\0b\"", 12)), "a NUL character at byte 10");
}

}  // namespace
}  // namespace protogres::sql
