#include "sql/fits.h"

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "unit/sql/fixture.h"

namespace protogres::sql {
namespace {

using contract::Kind;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FitsTest : public ::testing::Test {
 protected:
  std::string CheckOf(const std::vector<contract::Type>& types) const {
    contract::Table table = MakeTable("item");
    for (const contract::Type& type : types) Add(MakeField(fmt::format("f{}", table.fields.size()), type), &table);
    return CheckOfFit(contract_, table);
  }
  static contract::Type Mood() {
    contract::Type type = MakeType(Kind::kEnum, "\"public\".\"mood\"");
    type.index = 0;
    return type;
  }

  const contract::Contract contract_ = MakeContract();
  const contract::Type text_ = TextType();
};

TEST_F(FitsTest, EachColumnThatMayNotFitIsChecked) {
  EXPECT_EQ(CheckOf({text_, PgType(Kind::kTimestamp, "timestamp")}),
            R"(, 1 / CASE WHEN (t."f1" >= '0001-01-01 00:00:00+00'::pg_catalog.timestamp )"
            R"(AND t."f1" < '10000-01-01 00:00:00+00'::pg_catalog.timestamp) IS FALSE THEN 0 ELSE 1 END)");
  EXPECT_EQ(
      CheckOf({ArrayOf(text_), Mood()}),
      R"(, 1 / CASE WHEN (CASE WHEN pg_catalog.array_ndims(t."f0") > 1 OR pg_catalog.array_lower(t."f0", 1) <> 1 )"
      R"(THEN FALSE ELSE pg_catalog.array_position(t."f0", NULL) IS NULL END )"
      R"(AND t."f1"::pg_catalog.text = ANY (E'{"sad","so so","happy"}'::pg_catalog.text[])) IS FALSE )"
      R"(THEN 0 ELSE 1 END)");
}

TEST_F(FitsTest, ALabelMayHaveAnyCharacter) {
  contract::Contract contract = contract_;
  contract.enums[0].values = {{"6\" pipe", "A", 1}, {"a\\b", "B", 2}, {"it's", "C", 3}, {"two\nlines", "D", 4}};
  contract::Table table = MakeTable("item");
  Add(MakeField("f0", Mood()), &table);
  EXPECT_THAT(CheckOfFit(contract, table),
              HasSubstr(R"(ANY (E'{"6\\" pipe","a\\\\b","it''s","two\nlines"}'::pg_catalog.text[]))"));
}

TEST_F(FitsTest, ThereIsNoneInATableThatCitusDistributes) {
  contract::Table table = MakeTable("item");
  Add(MakeField("f0", Mood()), &table);
  table.sharding = catalog::Sharding::kCitus;
  EXPECT_THAT(CheckOfFit(contract_, table), IsEmpty());
}

TEST_F(FitsTest, ThereIsNoneWhereNothingNeedsIt) {
  EXPECT_THAT(CheckOf({text_, PgType(Kind::kInt64, "int8")}), IsEmpty());
}

TEST_F(FitsTest, ThereIsNoneWhereSqlCannotTellOfOneColumn) {
  const contract::Type at = PgType(Kind::kTimestamp, "timestamptz");
  contract::Type domain = at;
  domain.sql_type = domain.element_sql_type = "\"public\".\"moment\"";
  for (const auto& type : {PgType(Kind::kJson, "jsonb"), MakeType(Kind::kMessage, "\"public\".\"address\""),
                           ArrayOf(at), ArrayOf(Mood()), ArrayOf(TextType("xml")), domain}) {
    EXPECT_THAT(CheckOf({at, type}), IsEmpty()) << type.sql_type;
  }
}

TEST_F(FitsTest, WhatCannotBeReadIsNoPartOfTheAnswer) {
  contract::Table table = MakeTable("item");
  contract::Field secret = MakeField("secret", PgType(Kind::kJson, "jsonb"));
  secret.readable = false;
  Add(secret, &table);
  EXPECT_THAT(CheckOfFit(contract_, table), IsEmpty());
}

}  // namespace
}  // namespace protogres::sql
