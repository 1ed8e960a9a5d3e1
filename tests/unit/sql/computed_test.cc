// Computed columns in statements: a call with the whole row, where it is asked for and nowhere else.
#include <string>

#include "fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sql/aggregate.h"
#include "sql/filter.h"
#include "sql/fits.h"
#include "sql/page.h"
#include "sql/row_order.h"
#include "sql/statement.h"

namespace protogres::sql {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

contract::Field Computed(const std::string& name, contract::Type type) {
  contract::Field field = MakeField(name, std::move(type));
  field.function = "\"ext\".\"" + name + "\"";
  field.generated = true;
  field.insertable = field.updatable = false;
  return field;
}

// create function ext.full(item) returns text; ext.worth(item) returns money; ext.at(item) returns timestamptz
class ComputedSqlTest : public testing::Test {
 protected:
  ComputedSqlTest() : contract_(MakeContract()), table_(contract_.tables[1]) {
    contract::Type money = PgType(contract::Kind::kString, "money");
    money.read_cast = money.write_cast = "::numeric";
    money.text = contract::Text::kNumeric;
    full_ = static_cast<int>(table_.fields.size());
    Add(Computed("full", TextType()), &table_);
    Add(Computed("worth", money), &table_);
    Add(Computed("at", PgType(contract::Kind::kTimestamp, "timestamptz")), &table_);
  }

  contract::Contract contract_;
  contract::Table& table_;
  int full_ = 0;
};

TEST_F(ComputedSqlTest, ItIsReadOnlyWhereItIsNamed) {
  EXPECT_THAT(Projection::All(table_).fields, Not(Contains(full_)));
  EXPECT_EQ(SelectByKey(table_, {{0, full_, full_ + 1}}, /*show_deleted=*/true),
            R"(SELECT t."order_id", "ext"."full"(t.*), "ext"."worth"(t.*)::numeric FROM "public"."item" AS t )"
            R"(WHERE t."order_id" = $1::"pg_catalog"."int8" AND t."line" = $2::"pg_catalog"."int4")");
  EXPECT_THAT(Insert(table_, {{{0, "1"}}}, Projection::All(table_)).text, Not(HasSubstr("(t.*)")));
  EXPECT_THAT(CheckOfFit(contract_, table_), Not(HasSubstr("(t.*)")));
}

TEST_F(ComputedSqlTest, AFilterCallsIt) {
  const auto filter = CompileFilter(contract_, table_, R"(full = "a*" AND at > "2024-01-01T00:00:00Z")");
  ASSERT_TRUE(filter.ok()) << filter.status();
  EXPECT_EQ(filter->text, R"("ext"."full"(t.*) LIKE $1::text AND "ext"."at"(t.*) > $2::"pg_catalog"."timestamptz")");
}

TEST_F(ComputedSqlTest, PagesGoByIt) {
  const auto order_by = ParseOrderBy(contract_, table_, "full desc");
  ASSERT_TRUE(order_by.ok());
  const RowOrder order = TotalOrder(table_, *order_by);
  const Position after{.values = {"x", "1", "2"}, .skip = 0};
  const std::string page = SelectPage(table_, {{0}}, order, {}, /*show_deleted=*/true, &after, 10).text;
  EXPECT_THAT(page, HasSubstr(R"("ext"."full"(t.*)::text AS protogres_1)"));
  EXPECT_THAT(page, HasSubstr(R"("ext"."full"(t.*) < $1::"pg_catalog"."text")"));
  EXPECT_THAT(page, HasSubstr(R"(ORDER BY "ext"."full"(t.*) DESC, t."order_id", t."line")"));
}

TEST_F(ComputedSqlTest, RowsWithoutAKeyAreNotOrderedByIt) {
  table_.key.clear();
  EXPECT_THAT(OrderSql(table_, TotalOrder(table_, {})), Not(HasSubstr("(t.*)")));
  EXPECT_THAT(OrderSql(table_, TotalOrder(table_, {{.field = full_}})), HasSubstr(R"("ext"."full"(t.*), t.)"));
}

TEST_F(ComputedSqlTest, GroupsAndSums) {
  const auto aggregation = ParseAggregation(contract_, table_, {"full"}, {"sum(worth)"});
  ASSERT_TRUE(aggregation.ok()) << aggregation.status();
  EXPECT_THAT(GroupsOf(table_, *aggregation, {}, /*show_deleted=*/true).sql_name,
              HasSubstr(R"(SELECT "ext"."full"(t.*) AS c1, pg_catalog.sum("ext"."worth"(t.*)::numeric) AS c2)"));
}

TEST_F(ComputedSqlTest, TokensAreOfOneFunction) {
  const RowOrder order = TotalOrder(table_, {{.field = full_}});
  const auto before = Fingerprint(table_, order, "", "full", false);
  table_.fields[static_cast<std::size_t>(full_)].function = R"("other"."full")";
  EXPECT_NE(Fingerprint(table_, order, "", "full", false), before);
}

}  // namespace
}  // namespace protogres::sql
