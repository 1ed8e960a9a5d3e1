#include "sql/aggregate.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sql/filter.h"
#include "sql/page.h"
#include "status/status.h"
#include "unit/sql/fixture.h"

namespace protogres::sql {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Texts = std::vector<std::string>;

class AggregateTest : public ::testing::Test {
 protected:
  const contract::Table& table() const { return contract_.tables[0]; }

  contract::Table Groups(const Texts& group_by, const Texts& aggregates, const std::string& filter = "") {
    const auto aggregation = ParseAggregation(contract_, table(), group_by, aggregates);
    EXPECT_TRUE(aggregation.ok()) << aggregation.status();
    const auto condition = CompileFilter(contract_, table(), filter);
    EXPECT_TRUE(condition.ok()) << condition.status();
    return GroupsOf(table(), *aggregation, *condition, /*show_deleted=*/true);
  }
  std::string Sql(const Texts& group_by, const Texts& aggregates, const std::string& filter = "") {
    return Groups(group_by, aggregates, filter).sql_name;
  }
  std::string Error(const Texts& group_by, const Texts& aggregates) {
    const auto aggregation = ParseAggregation(contract_, table(), group_by, aggregates);
    EXPECT_EQ(aggregation.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(aggregation.status().message());
  }

  const contract::Contract contract_ = MakeContract();
};

TEST_F(AggregateTest, OnlyWhatIsAskedFor) {
  EXPECT_EQ(Sql({}, {"count()"}), R"((SELECT pg_catalog.count(*) AS c1 FROM "public"."customer" AS t))");
  EXPECT_EQ(Sql({"name", "vip"}, {}),
            R"((SELECT t."name" AS c1, t."vip" AS c2 FROM "public"."customer" AS t GROUP BY 1, 2))");
  EXPECT_EQ(Sql({"odd_name"}, {" sum( age ) ", "count()"}, "age > 5"),
            R"((SELECT t."odd "" name" AS c1, pg_catalog.count(*) AS c2, pg_catalog.sum(t."age") AS c3 )"
            R"(FROM "public"."customer" AS t WHERE (t."age" > $1::"pg_catalog"."int4") GROUP BY 1))");
}

TEST_F(AggregateTest, DeletedRowsAreHidden) {
  const auto aggregation = ParseAggregation(contract_, table(), {}, {"count()"});
  EXPECT_THAT(GroupsOf(table(), *aggregation, {}, /*show_deleted=*/false).sql_name,
              HasSubstr(R"(WHERE t."deleted_at" IS NULL)"));
}

TEST_F(AggregateTest, TypesHaveTheirOwnForms) {
  EXPECT_THAT(Sql({}, {"sum(price)"}), HasSubstr(R"(pg_catalog.sum(t."price"::numeric))"));
  EXPECT_THAT(Sql({}, {"average(ratio)"}), HasSubstr(R"(pg_catalog.avg(t."ratio"::float8))"));
  EXPECT_THAT(Sql({}, {"min(vip)"}), HasSubstr(R"(pg_catalog.bool_and(t."vip"))"));
  EXPECT_THAT(Sql({}, {"max(ref)"}), HasSubstr(R"(pg_catalog.max(t."ref"::text COLLATE "C")::uuid)"));
  EXPECT_THAT(Sql({}, {"min(nick)"}), HasSubstr(R"("public".min(t."nick"))"));
  EXPECT_THAT(Sql({}, {"min(born)"}), HasSubstr(R"(pg_catalog.min(t."born")::"pg_catalog"."date" AS c1)"));
  EXPECT_THAT(Sql({}, {"max(tags)"}), HasSubstr(R"(pg_catalog.max(t."tags"))"));
  EXPECT_EQ(Groups({}, {"sum(age)"}).fields[0].type.kind, contract::Kind::kInt64);
  EXPECT_EQ(Groups({}, {"sum(id)"}).fields[0].type.text, contract::Text::kNumeric);
  EXPECT_EQ(Groups({}, {"average(score)"}).fields[0].type.kind, contract::Kind::kDouble);
}

TEST_F(AggregateTest, TimestampsAreCutInUtc) {
  EXPECT_THAT(Sql({"seen.month"}, {}), HasSubstr(R"(pg_catalog.date_trunc('month', t."seen", 'UTC') AS c1)"));
  EXPECT_THAT(Sql({"made.hour"}, {}), HasSubstr(R"(pg_catalog.date_trunc('hour', t."made") AS c1)"));
  EXPECT_THAT(Sql({"born.week"}, {}), HasSubstr(R"(pg_catalog.date_trunc('week', t."born"::timestamp)::date AS c1)"));
}

// Its check may refuse the beginning of a month.
TEST_F(AggregateTest, ACutTimestampIsNoValueOfADomain) {
  contract::Table odd = MakeTable("odd");
  contract::Type domain = PgType(contract::Kind::kTimestamp, "timestamptz");
  domain.zoned = true;
  domain.sql_type = domain.element_sql_type = R"("public"."late")";
  Add(MakeField("at", domain), &odd);
  const auto cut = ParseAggregation(contract_, odd, {"at.month"}, {});
  EXPECT_EQ(GroupsOf(odd, *cut, {}, false).fields[0].type.sql_type, R"("pg_catalog"."timestamptz")");
  const auto whole = ParseAggregation(contract_, odd, {"at"}, {});
  EXPECT_EQ(GroupsOf(odd, *whole, {}, false).fields[0].type.sql_type, R"("public"."late")");
}

TEST_F(AggregateTest, PagesBeginAfterAGroup) {
  const contract::Table groups = Groups({"seen.month", "id"}, {"sum(age)"}, "age > 5");
  const auto order_by = ParseOrderBy(contract_, groups, "sum.age desc, seen.month");
  ASSERT_TRUE(order_by.ok()) << order_by.status();
  const RowOrder order = TotalOrder(groups, *order_by);
  EXPECT_TRUE(order.seekable);
  Projection all;
  all.fields = {0, 1, 2};
  const Position after{{std::nullopt, Param("2024-01-01"), Param("7")}};
  const Statement page = SelectPage(groups, all, order, {"", {"5"}}, true, &after, 11);
  EXPECT_THAT(page.text, StartsWith(R"(SELECT t."c1", t."c2", t."c3" FROM (SELECT )"));
  EXPECT_THAT(page.text, HasSubstr(R"(GROUP BY 1, 2) AS t WHERE )"));
  EXPECT_THAT(page.text, HasSubstr(R"(ORDER BY t."c3" DESC, t."c1", t."c2" LIMIT $4::int8)"));
  EXPECT_EQ(page.params.front(), "5");
}

TEST_F(AggregateTest, AGroupThatIsCalledAsAnAggregate) {
  contract::Table odd = MakeTable("odd");
  Add(MakeField("count", PgType(contract::Kind::kInt32, "int4")), &odd);
  const auto aggregation = ParseAggregation(contract_, odd, {"count"}, {"count()"});
  const contract::Table groups = GroupsOf(odd, *aggregation, {}, false);
  EXPECT_EQ(groups.fields[0].name, "group.count");
  EXPECT_EQ(groups.fields[1].name, "count");
}

TEST_F(AggregateTest, ErrorsNameWhatIsWrong) {
  EXPECT_THAT(Error({}, {}), StartsWith("aggregates: is required where there is no group_by"));
  EXPECT_THAT(Error({}, {"count"}), StartsWith("aggregates[0]: expected count(), or sum, average, min or max"));
  EXPECT_THAT(Error({}, {"count()", "median(age)"}), StartsWith("aggregates[1]: expected count()"));
  EXPECT_THAT(Error({}, {"count(age)"}), HasSubstr("write age != null into the filter"));
  EXPECT_THAT(Error({}, {"sum()"}), HasSubstr("sum() takes a field"));
  EXPECT_THAT(Error({}, {"sum(agee)"}), HasSubstr(R"(unknown field "agee"; did you mean "age")"));
  EXPECT_THAT(Error({}, {"sum(name)"}), HasSubstr("whose values have no sum"));
  EXPECT_THAT(Error({}, {"min(attrs)"}), HasSubstr("whose values have no min"));
  EXPECT_THAT(Error({}, {"sum(age)", "sum( age )"}), StartsWith("aggregates[1]: \"sum( age )\" is named twice"));
  EXPECT_THAT(Error({"seen.year", "seen.month"}, {}), StartsWith("group_by[1]: \"seen.month\" is named twice"));
  EXPECT_THAT(Error({"nope"}, {}), StartsWith("group_by[0]: unknown field \"nope\""));
  EXPECT_THAT(Error({"attrs"}, {}), HasSubstr("cannot be grouped by"));
  EXPECT_THAT(Error({"place"}, {}), HasSubstr("cannot be grouped by"));
  EXPECT_THAT(Error({"address.city"}, {}), HasSubstr("only timestamps and dates are cut to a unit"));
  EXPECT_THAT(Error({"seen.decade"}, {}),
              HasSubstr("expected one of year, quarter, month, week, day, hour, minute after"));
  EXPECT_THAT(Error({"born.hour"}, {}), HasSubstr("expected one of year, quarter, month, week, day after"));
  EXPECT_THAT(Error({"a\xff"}, {}), StartsWith("group_by[0]: invalid UTF-8"));
}

}  // namespace
}  // namespace protogres::sql
