#include "sql/related.h"

#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "unit/sql/fixture.h"

namespace protogres::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class RelatedTest : public ::testing::Test {
 protected:
  // The items of customers, by item.order_id and customer.id.
  RelatedRows Items() {
    relation_.fields = {0};
    relation_.target_fields = {0};
    relation_.many = true;
    RelatedRows rows;
    rows.table = &customer_;
    rows.relation = &relation_;
    rows.target = &item_;
    rows.projection.fields = {2};
    rows.order = TotalOrder(item_, {});
    return rows;
  }

  const contract::Contract contract_ = MakeContract();
  const contract::Table& customer_ = contract_.tables[0];
  const contract::Table& item_ = contract_.tables[1];
  contract::Relation relation_;
};

TEST_F(RelatedTest, IntegersAreFoundByTheirValue) {
  const RelatedRows rows = Items();
  EXPECT_TRUE(TellsByValue(rows));
  const Statement statement = SelectRelated(rows, {{"7"}, {"-1"}}, 100);
  EXPECT_EQ(statement.text,
            R"(SELECT t."order_id", t."note" FROM "public"."item" AS t WHERE t."order_id" = )"
            R"(ANY($1::"pg_catalog"."int8"[]) AND t."gone" IS NOT TRUE ORDER BY t."order_id", t."order_id", t."line" )"
            R"(LIMIT $2::int8)");
  EXPECT_THAT(statement.params, ElementsAre("{7,-1}", "100"));
}

TEST_F(RelatedTest, WhatIsPreparedIsTheSame) {
  for (const bool many : {true, false}) {
    RelatedRows rows = Items();
    relation_.many = many;
    rows.condition = {R"(t."note" = $2)", {"x"}};
    const Statement statement = SelectRelated(rows, {{"7"}}, 100);
    Prepare(&rows);
    EXPECT_EQ(rows.text, statement.text);
    EXPECT_EQ(SelectRelated(rows, {{"7"}}, 100).text, statement.text);
    EXPECT_EQ(SelectRelated(rows, {{"7"}}, 100).params, statement.params);
    rows = Items();
    rows.each = 3;
    Prepare(&rows);
    EXPECT_EQ(rows.text, "");
  }
}

TEST_F(RelatedTest, OfOneRowAKeyTheOrderDoesNotMatter) {
  RelatedRows rows = Items();
  relation_.many = false;
  rows.show_deleted = true;
  EXPECT_EQ(SelectRelated(rows, {{"7"}}, 100).text,
            R"(SELECT t."order_id", t."note" FROM "public"."item" AS t WHERE t."order_id" = )"
            R"(ANY($1::"pg_catalog"."int8"[]))");
}

TEST_F(RelatedTest, OtherKeysAreFoundByTheirPosition) {
  RelatedRows rows = Items();
  relation_.fields = {0, 0};
  relation_.target_fields = {0, 1};
  EXPECT_FALSE(TellsByValue(rows));
  rows.condition = {"t.\"note\" = $3", {"x"}};
  const Statement statement = SelectRelated(rows, {{"1", "2"}, {"3", "4"}}, 9);
  EXPECT_EQ(FirstFilterParam(relation_), 3);
  EXPECT_THAT(statement.text, HasSubstr(R"(AS k(k1, k2, n) JOIN "public"."item" AS t ON t."order_id" = k.k1 AND )"
                                        R"(t."line" = k.k2 WHERE (t."note" = $3) AND t."gone" IS NOT TRUE )"
                                        R"(ORDER BY k.n, t."order_id", t."line" LIMIT $4::int8)"));
  EXPECT_THAT(statement.params, ElementsAre(R"({"1","3"})", R"({"2","4"})", "x", "9"));
}

TEST_F(RelatedTest, TheOperatorIsThatOfWhatAForeignKeyRefersTo) {
  contract::Table own = MakeTable("own"), other = MakeTable("other");
  contract::Type citext = MakeType(contract::Kind::kString, "\"public\".\"citext\"");
  citext.textual = true;
  citext.operator_schema = "\"public\"";
  Add(MakeField("code", citext), &own);
  Add(MakeField("code", TextType()), &other);
  relation_.fields = relation_.target_fields = {0};
  RelatedRows rows;
  rows.relation = &relation_;
  rows.table = &own;
  rows.target = &other;
  // There is no = of text and citext in the extension's schema, and a foreign key of citext to text is kept by texts.
  EXPECT_THAT(SelectRelated(rows, {{"a"}}, 9).text, HasSubstr(R"(ON t."code" = k.k1)"));
  relation_.reverse = true;
  EXPECT_THAT(SelectRelated(rows, {{"a"}}, 9).text, HasSubstr(R"(ON t."code" OPERATOR("public".=) k.k1)"));
  std::swap(rows.table, rows.target);
  EXPECT_THAT(SelectRelated(rows, {{"a"}}, 9).text, HasSubstr(R"(ON t."code" = k.k1)"));
}

TEST_F(RelatedTest, ACutIsForEachKey) {
  RelatedRows rows = Items();
  rows.each = 3;
  EXPECT_FALSE(TellsByValue(rows));
  const Statement statement = SelectRelated(rows, {{"7"}}, 100);
  EXPECT_THAT(statement.text, HasSubstr(R"(CROSS JOIN LATERAL (SELECT t."note", row_number() OVER (ORDER BY )"));
  EXPECT_THAT(statement.text, HasSubstr(R"(LIMIT $2::int8) AS r(c0, o) ORDER BY k.n, r.o)"));
  EXPECT_THAT(statement.params, ElementsAre(R"({"7"})", "3"));
  rows.projection.fields.clear();
  EXPECT_THAT(SelectRelated(rows, {{"7"}}, 100).text, HasSubstr("SELECT k.n FROM"));
}

TEST_F(RelatedTest, WhatRowsBelowAreFoundByIsReadToo) {
  RelatedRows rows = Items();
  rows.projection.links = {1};
  EXPECT_THAT(SelectRelated(rows, {{"7"}}, 100).text, HasSubstr(R"(SELECT t."order_id", t."note", t."line" FROM)"));
  rows.projection.links = {};
  EXPECT_THAT(SelectRelated(rows, {{"7"}}, 100).text, Not(HasSubstr(R"(t."note", t."line")")));
}

}  // namespace
}  // namespace protogres::sql
