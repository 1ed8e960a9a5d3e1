// Filters and orders through relations: their SQL, and what is wrong with them.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sql/aggregate.h"
#include "sql/filter.h"
#include "sql/page.h"
#include "status/status.h"
#include "unit/sql/fixture.h"

namespace protogres::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ThroughTest : public ::testing::Test {
 protected:
  std::string Text(std::string_view filter, const FilterOptions& options = {}) {
    const auto statement = CompileFilter(contract_, item_, filter, options);
    EXPECT_TRUE(statement.ok()) << filter << ": " << statement.status();
    return statement.ok() ? statement->text : "(error)";
  }
  std::string Error(std::string_view filter, const FilterOptions& options = {}) {
    const auto statement = CompileFilter(contract_, item_, filter, options);
    EXPECT_EQ(status::ReasonOf(statement.status()), "INVALID_FILTER") << filter;
    return std::string(statement.status().message());
  }
  std::string OrderError(std::string_view order_by) {
    const auto order = ParseOrderBy(contract_, item_, order_by);
    EXPECT_EQ(status::ReasonOf(order.status()), "INVALID_ORDER_BY") << order_by;
    return std::string(order.status().message());
  }
  RowOrder Order(std::string_view order_by) {
    const auto terms = ParseOrderBy(contract_, item_, order_by);
    EXPECT_TRUE(terms.ok()) << terms.status();
    return TotalOrder(item_, *terms);
  }

  const contract::Contract contract_ = MakeRelatedContract();
  const contract::Table& customer_ = contract_.tables[0];
  const contract::Table& item_ = contract_.tables[1];
};

constexpr char kCustomer[] =
    R"(EXISTS (SELECT FROM "public"."customer" AS t1 WHERE t1."id" = t."order_id" AND t1."deleted_at" IS NULL)";
constexpr char kItems[] =
    R"(EXISTS (SELECT FROM "public"."item" AS t2 WHERE t2."order_id" = t1."id" AND t2."gone" IS NOT TRUE)";

TEST_F(ThroughTest, ToOne) {
  EXPECT_EQ(Text("customer.name = Li"), std::string(kCustomer) + R"( AND t1."name" = $1::"pg_catalog"."text"))");
  EXPECT_EQ(Text("customer.age > 5", {.first_param = 3}),
            std::string(kCustomer) + R"( AND t1."age" > $3::"pg_catalog"."int4"))");
  EXPECT_EQ(Text("customer.name = Li", {.show_deleted = true}),
            R"(EXISTS (SELECT FROM "public"."customer" AS t1 WHERE t1."id" = t."order_id" )"
            R"(AND t1."name" = $1::"pg_catalog"."text"))");
  EXPECT_EQ(Text("customer.address.city:*"), std::string(kCustomer) + R"( AND (t1."address")."city" IS NOT NULL))");
}

TEST_F(ThroughTest, OfAMissingRowAComparisonIsNeitherTrueNorFalse) {
  EXPECT_EQ(Text("NOT customer.age > 5"), std::string(kCustomer) + R"( AND NOT (t1."age" > $1::"pg_catalog"."int4")))");
  EXPECT_EQ(Text("NOT NOT customer.age > 5"), Text("customer.age > 5"));
  EXPECT_EQ(Text("customer.age = null"), "NOT " + std::string(kCustomer) + R"( AND NOT (t1."age" IS NULL)))");
  EXPECT_EQ(Text("NOT customer.age = null"), std::string(kCustomer) + R"( AND NOT (t1."age" IS NULL)))");
  EXPECT_EQ(Text("customer.age != null"), std::string(kCustomer) + R"( AND t1."age" IS NOT NULL))");
  EXPECT_EQ(Text("NOT customer.age:*"), "NOT " + Text("customer.age:*"));
}

TEST_F(ThroughTest, WhatARepeatedFieldHasIsAlwaysTrueOrFalse) {
  EXPECT_EQ(Text("NOT customer.tags:x"), "NOT " + Text("customer.tags:x"));
  EXPECT_EQ(Text("NOT contains(customer.tags, [x])"), "NOT " + Text("contains(customer.tags, [x])"));
  EXPECT_EQ(Text("NOT customer.attrs:x"), "NOT " + Text("customer.attrs:x"));
  EXPECT_THAT(Text("NOT ilike(customer.name, x)"), HasSubstr(R"(AND NOT (t1."name" ILIKE $1::text)))"));
}

TEST_F(ThroughTest, NegationsAreMovedToConditions) {
  EXPECT_EQ(Text("NOT (line = 1 OR customer.age = 5 AND line = 2)"),
            R"((NOT (t."line" = $1::"pg_catalog"."int4") AND )" + std::string(kCustomer) +
                R"( AND NOT (t1."age" = $2::"pg_catalog"."int4"))) OR NOT (t."line" = $3::"pg_catalog"."int4"))");
  // Without a relation a filter's text stays as it was.
  EXPECT_EQ(Text("NOT (line = 1 AND line = 2)"),
            R"(NOT (t."line" = $1::"pg_catalog"."int4" AND t."line" = $2::"pg_catalog"."int4"))");
}

TEST_F(ThroughTest, AlternativesAreOneExists) {
  EXPECT_EQ(Text("customer.age = 1 OR customer.age = 2"), Text("customer.age = [1, 2]"));
  EXPECT_EQ(Text("NOT (customer.age = 1 OR customer.age = 2)"), Text("NOT customer.age = [1, 2]"));
  EXPECT_EQ(Text("customer.age = []"), std::string(kCustomer) + R"( AND t1."age" = ANY($1::"pg_catalog"."int4"[])))");
  EXPECT_THAT(Text("customer.age != []"), HasSubstr("NOT EXISTS"));
}

TEST_F(ThroughTest, ToMany) {
  EXPECT_EQ(Text("customer.items:*"), std::string(kCustomer) + " AND " + kItems + "))");
  EXPECT_EQ(Text("NOT customer.items:*"), "NOT " + std::string(kCustomer) + " AND " + kItems + "))");
  EXPECT_EQ(Text("customer.items.line:5"),
            std::string(kCustomer) + " AND " + kItems + R"( AND t2."line" = $1::"pg_catalog"."int4")))");
  EXPECT_EQ(Text("NOT customer.items.line:5"), "NOT " + Text("customer.items.line:5"));
  EXPECT_THAT(Text("customer.items.customer.parent.name:x"), HasSubstr(R"(t4."id" = t3."owner")"));
}

TEST_F(ThroughTest, KeysAreComparedByTheirOwnOperator) {
  EXPECT_EQ(Text("book:*"), R"(EXISTS (SELECT FROM "public"."book" AS t1 WHERE t1."isbn" OPERATOR("ext".=) t."note"))");
}

TEST_F(ThroughTest, FilterErrors) {
  EXPECT_EQ(
      Error("customer.items = null"),
      R"(filter: at 18: customer.items is a relation: expected customer.items:* or NOT customer.items:* (there is )"
      R"(a row, or none), or a field of Item (customer.items.order_id))");
  EXPECT_EQ(Error("customer.items.line = 5"),
            R"(filter: at 21: "items" is to many: expected ":" (one of its rows has the value), found "=")");
  EXPECT_THAT(Error("customer.items.line:null"), HasSubstr("customer.items.line:* is true where one of its rows"));
  EXPECT_THAT(Error("customer:x"), HasSubstr("customer is a relation"));
  EXPECT_THAT(Error("ilike(customer, x)"), HasSubstr("takes a field"));
  EXPECT_THAT(Error("custmer.age = 1"), HasSubstr(R"(did you mean "customer"?)"));
  EXPECT_THAT(Error("customer.parent.age = 1", {.max_depth = 1}),
              HasSubstr("at 10: the path goes through more than 1"));
  std::string many;
  for (int i = 0; i < kMostHops / 2; ++i) many += "customer.parent.age > 1 ";
  EXPECT_NE(Text(many), "");
  EXPECT_THAT(Error(many + "customer:*"), HasSubstr("more than 32 relations in all"));
}

TEST_F(ThroughTest, ARelationIsJoinedOnce) {
  const RowOrder order = Order("customer.name desc, customer.id, line, customer.parent.name, customer.parent.id");
  EXPECT_EQ(order.joins.size(), 2);
  EXPECT_EQ(OrderSql(item_, order), R"(j1."name" DESC, j1."id", t."line", j2."name", j2."id", t."order_id")");
}

TEST_F(ThroughTest, PagesBeginAfterTheValuesOfRelatedRows) {
  const RowOrder order = Order("customer.age desc, customer.parent.id");
  const Position after{{Param("5"), std::nullopt, Param("7"), Param("1")}};
  const Statement page = SelectPage(item_, {{0, 1}, false}, order, {}, false, &after, 11);
  EXPECT_THAT(page.text,
              HasSubstr(R"(FROM "public"."item" AS t LEFT JOIN "public"."customer" AS j1 ON )"
                        R"(j1."id" = t."order_id" AND j1."deleted_at" IS NULL LEFT JOIN "public"."customer" )"
                        R"(AS j2 ON j2."id" = j1."owner" AND j2."deleted_at" IS NULL WHERE )"));
  EXPECT_THAT(page.text, HasSubstr(R"(j1."age" <= $1::"pg_catalog"."int4")"));
  EXPECT_THAT(page.text, HasSubstr(R"(j2."id" IS NULL AND )"));
  EXPECT_THAT(page.text, HasSubstr(R"(ORDER BY j1."age" DESC, j2."id", t."order_id", t."line" LIMIT)"));
  EXPECT_THAT(TokenColumns(item_, {{0, 1}, false}, order), ElementsAre(2, 3, 0, 1));
  EXPECT_THAT(page.text, HasSubstr(R"(j1."age"::text AS protogres_2, j2."id"::text AS protogres_3 FROM)"));
}

// Its function might make a value of a row that is none, or an error.
TEST_F(ThroughTest, AComputedColumnIsOfARowThatIsThere) {
  contract::Contract contract = contract_;
  contract::Field full = MakeField("full", TextType());
  full.function = R"("ext"."full")";
  contract.tables[0].fields.push_back(full);
  const contract::Table& item = contract.tables[1];
  const std::string value = R"((CASE WHEN j1."id" IS NOT NULL THEN "ext"."full"(j1.*) END))";
  const auto terms = ParseOrderBy(contract, item, "customer.full desc");
  ASSERT_TRUE(terms.ok()) << terms.status();
  const Position after{{Param("x"), Param("7"), Param("1")}};
  const Statement page = SelectPage(item, {{0, 1}, false}, TotalOrder(item, *terms), {}, false, &after, 11);
  EXPECT_THAT(page.text, HasSubstr("ORDER BY " + value + " DESC"));
  EXPECT_THAT(page.text, HasSubstr(value + "::text AS protogres_2"));
  EXPECT_THAT(page.text, HasSubstr(value + R"( < $1::"pg_catalog"."text")"));
  const auto groups = ParseAggregation(contract, item, {"customer.full"}, {});
  ASSERT_TRUE(groups.ok()) << groups.status();
  EXPECT_THAT(GroupsOf(item, *groups, {}, false).sql_name, HasSubstr("(SELECT " + value + " AS c1 FROM"));
}

TEST_F(ThroughTest, OrderErrors) {
  EXPECT_THAT(OrderError("customer"), HasSubstr("\"customer\" is a relation: expected a field"));
  EXPECT_THAT(OrderError("customer.items.line"), HasSubstr("\"items\" is to many"));
  EXPECT_THAT(OrderError("customer.age, customer.age desc"), HasSubstr("\"customer.age\" is named twice"));
  EXPECT_THAT(OrderError("customer.attrs.color"), HasSubstr("members cannot be ordered by"));
  EXPECT_THAT(OrderError("customer.agee"), HasSubstr("did you mean \"age\"?"));
  EXPECT_THAT(OrderError("custmer.age"), HasSubstr("did you mean \"customer\"?"));
  EXPECT_THAT(ParseOrderBy(contract_, item_, "customer.parent.age", 1).status().message(), HasSubstr("--max_depth"));
}

TEST_F(ThroughTest, FingerprintsTellPathsApart) {
  const auto of = [&](std::string_view order_by) { return Fingerprint(item_, Order(order_by), "", "", false); };
  EXPECT_NE(of("customer.age"), of("customer.parent.age"));
  EXPECT_NE(of("customer.id"), of("order_id"));
}

TEST_F(ThroughTest, Groups) {
  const auto aggregation =
      ParseAggregation(contract_, item_, {"customer.seen.month", "line", "customer.name"}, {"count()"});
  ASSERT_TRUE(aggregation.ok()) << aggregation.status();
  const contract::Table groups = GroupsOf(item_, *aggregation, {}, false);
  EXPECT_EQ(groups.sql_name,
            R"((SELECT pg_catalog.date_trunc('month', j1."seen", 'UTC') AS c1, t."line" AS c2, j1."name" AS c3, )"
            R"(pg_catalog.count(*) AS c4 FROM "public"."item" AS t LEFT JOIN "public"."customer" AS j1 ON )"
            R"(j1."id" = t."order_id" AND j1."deleted_at" IS NULL WHERE t."gone" IS NOT TRUE GROUP BY 1, 2, 3))");
  EXPECT_EQ(groups.fields[0].name, "customer.seen.month");
  EXPECT_FALSE(groups.fields[2].never_null);
  const auto twice = ParseAggregation(contract_, item_, {"customer.name", "customer.name"}, {});
  EXPECT_THAT(std::string(twice.status().message()), HasSubstr("named twice"));
}

}  // namespace
}  // namespace protogres::sql
