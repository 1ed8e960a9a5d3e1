#include "sql/row_order.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "unit/sql/fixture.h"

namespace protogres::sql {
namespace {

using ::testing::ElementsAre;
using By = SortKey::By;

class RowOrderTest : public ::testing::Test {
 protected:
  // As ORDER BY has them, with `*` behind where they are no position.
  static std::string Sorted(const contract::Table& table, const std::vector<OrderTerm>& order_by) {
    const RowOrder order = TotalOrder(table, order_by);
    std::string text;
    for (const SortKey& key : order.keys) {
      text += (text.empty() ? "" : ", ") + SortSql(table, order, key) + (key.descending ? " DESC" : "");
    }
    return text + (order.seekable ? "" : " *");
  }

  const contract::Contract contract_ = MakeContract();
  contract::Table item_ = contract_.tables[1];
  contract::Table log_ = contract_.tables[2];
};

TEST_F(RowOrderTest, TheKeyIsAppended) {
  EXPECT_EQ(Sorted(item_, {}), R"(t."order_id", t."line")");
  EXPECT_EQ(Sorted(item_, {{1, true}}), R"(t."line" DESC, t."order_id")");
}

TEST_F(RowOrderTest, AKeyWithoutAnOrderIsSortedByItsText) {
  log_.key = {2};
  EXPECT_EQ(Sorted(log_, {}), R"((t."place"::text COLLATE "C"))");
}

TEST_F(RowOrderTest, WithoutAKeyByThePlaceInTheTable) {
  log_.positioned = true;
  EXPECT_EQ(Sorted(log_, {{0, false}}), R"(t."at", t.tableoid, t.ctid)");
}

TEST_F(RowOrderTest, AKeyThatIsNotUniqueIsNoPosition) {
  item_.key_unique = false;
  item_.positioned = true;
  EXPECT_EQ(Sorted(item_, {}), R"(t."order_id", t."line", t.tableoid, t.ctid)");
  item_.positioned = false;
  EXPECT_EQ(Sorted(item_, {}), R"(t."order_id", t."line", t."gone", (t."note"::text COLLATE "C") *)");
}

TEST_F(RowOrderTest, AViewsGroupsAreAPosition) {
  log_.distinct = {1, 0};
  EXPECT_EQ(Sorted(log_, {{0, true}}), R"(t."at" DESC, t."line")");
}

TEST_F(RowOrderTest, ElseByAllColumnsTheCheapOnesFirst) {
  EXPECT_EQ(Sorted(log_, {}), R"(t."at", (t."line"::text COLLATE "C"), (ROW(t."place")::text COLLATE "C") *)");
  // By a collation texts that differ may be equal.
  EXPECT_EQ(Sorted(log_, {{1, true}}), R"(t."line" DESC, t."at", (ROW(t."line", t."place")::text COLLATE "C") *)");
  contract::Table amounts = MakeTable("amounts");
  Add(MakeField("n", PgType(contract::Kind::kString, "numeric")), &amounts);
  Add(MakeField("a", ArrayOf(PgType(contract::Kind::kInt32, "int4"))), &amounts);
  Add(MakeField("id", PgType(contract::Kind::kInt32, "int4")), &amounts);
  EXPECT_EQ(Sorted(amounts, {}), R"(t."id", t."n", t."a", (ROW(t."n", t."a")::text COLLATE "C") *)");
  EXPECT_THAT(TotalOrder(amounts, {}).rest, ElementsAre(0, 1));
  amounts.fields[0].readable = amounts.fields[2].readable = false;
  EXPECT_EQ(Sorted(amounts, {}), R"(t."a", (ROW(t."a")::text COLLATE "C") *)");
}

}  // namespace
}  // namespace protogres::sql
