#include "sql/page.h"

#include <set>
#include <utility>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "status/status.h"
#include "text/quote.h"
#include "unit/sql/fixture.h"

namespace protogres::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// The names of a SELECT's columns in quotes, and whether each stands after AS. What does not must be a column.
std::vector<std::pair<std::string, bool>> OutputNames(const std::string& text) {
  std::vector<std::pair<std::string, bool>> names;
  const std::string list = text.substr(7, text.find(" FROM ") - 7);
  for (std::size_t begin = 0, at = 0, depth = 0; at <= list.size(); ++at) {
    if (at < list.size() && list[at] == '(') ++depth;
    if (at < list.size() && list[at] == ')') --depth;
    if (at < list.size() && (list[at] != ',' || depth > 0)) continue;
    const std::string item = list.substr(begin, at - begin);
    const std::size_t as = item.rfind(" AS ");
    const bool own = as != std::string::npos;
    names.emplace_back(own ? "\"" + item.substr(as + 4) + "\"" : item.substr(2), own);
    begin = at + 2;
  }
  return names;
}

class PageTest : public ::testing::Test {
 protected:
  Statement Page(const contract::Table& table, const std::vector<OrderTerm>& order, const Position* after) {
    return SelectPage(table, {{0}, false}, TotalOrder(table, order), {}, true, after, 10);
  }
  // The WHERE of the page after `values`.
  std::string After(const contract::Table& table, const std::vector<OrderTerm>& order, std::vector<Param> values) {
    const Position after{std::move(values)};
    const std::string text = Page(table, order, &after).text;
    const std::size_t begin = text.find(" WHERE ") + 7;
    return text.substr(begin, text.find(" ORDER BY") - begin);
  }
  std::string OrderError(std::string_view order_by) {
    const auto order = ParseOrderBy(contract_, customer_, order_by);
    EXPECT_EQ(order.status().code(), absl::StatusCode::kInvalidArgument) << order_by;
    EXPECT_EQ(status::ReasonOf(order.status()), "INVALID_ORDER_BY");
    return std::string(order.status().message());
  }

  const contract::Contract contract_ = MakeContract();
  const contract::Table& customer_ = contract_.tables[0];
  const contract::Table& item_ = contract_.tables[1];
  const contract::Table& log_ = contract_.tables[2];  // nothing tells its rows apart
  const contract::Table& book_ = contract_.tables[3];
};

TEST_F(PageTest, OrderBy) {
  EXPECT_THAT(*ParseOrderBy(contract_, customer_, ""), ElementsAre());
  EXPECT_THAT(*ParseOrderBy(contract_, customer_, " age  desc ,name,rank asc "),
              ElementsAre(OrderTerm{4, true}, OrderTerm{1, false}, OrderTerm{5, false}));
}

TEST_F(PageTest, OrderByErrors) {
  EXPECT_EQ(OrderError("agee"), R"(order_by: unknown field "agee"; did you mean "age"?)");
  EXPECT_EQ(OrderError("age down"), R"(order_by: expected asc, desc or a comma after "age", found "down")");
  EXPECT_EQ(OrderError("age desc name"), R"(order_by: expected a comma after "desc", found "name")");
  EXPECT_EQ(OrderError("age, name, age desc"), R"(order_by: "age" is named twice)");
  EXPECT_THAT(OrderError("attrs.color"), HasSubstr("members cannot be ordered by"));
  EXPECT_THAT(OrderError("place"), HasSubstr("without an order"));
  contract::Table guarded = customer_;
  guarded.fields[1].readable = false;
  EXPECT_EQ(ParseOrderBy(contract_, guarded, "name").status().message(),
            R"(order_by: "name" is input only: the server's role may write it, but not read it)");
  EXPECT_THAT(ParseOrderBy(contract_, guarded, "nam").status().message(), Not(HasSubstr("\"name\"")));
  for (const char* bad : {",", "age,", ",age", "age,,name", "age; drop table x", "\"age\"", "\xff", "-age"})
    OrderError(bad);
}

TEST_F(PageTest, FirstPage) {
  const Statement statement =
      SelectPage(item_, {{2}, true}, TotalOrder(item_, {{2, true}}), {R"(t."line" = $1)", {"7"}}, false, nullptr, 51);
  EXPECT_EQ(
      statement.text,
      R"(SELECT t."note", (t.xmin::text || '-' || t.ctid::text) AS protogres_1, )"
      R"(t."order_id"::text AS protogres_2, t."line"::text AS protogres_3 FROM "public"."item" AS t WHERE (t."line" = $1) AND t."gone" IS NOT TRUE )"
      R"(ORDER BY t."note" DESC, t."order_id", t."line" LIMIT $2::int8)");
  EXPECT_THAT(statement.params, ElementsAre("7", "51"));
}

TEST_F(PageTest, TheConditionsParametersComeFirst) {
  const Position after{{"1", "2"}};
  const Statement statement = SelectPage(item_, {{2}, false}, TotalOrder(item_, {}),
                                         {R"(t."line" = $1 OR t."line" = $2)", {"7", "8"}}, true, &after, 51);
  EXPECT_THAT(statement.text, HasSubstr(R"(WHERE (t."line" = $1 OR t."line" = $2) AND (t."order_id", t."line") > )"
                                        R"(($3::"pg_catalog"."int8", $4::"pg_catalog"."int4") ORDER)"));
  EXPECT_THAT(statement.params, ElementsAre("7", "8", "1", "2", "51"));
}

TEST_F(PageTest, ANullableColumnsNullsComeLastAscending) {
  EXPECT_EQ(After(customer_, {{4, false}}, {"5", "1"}),
            R"(((t."age" > $1::"pg_catalog"."int4" OR t."age" IS NULL) OR )"
            R"((t."age" = $1::"pg_catalog"."int4" AND (t."id" > $2::"pg_catalog"."int8"))))");
  EXPECT_EQ(After(customer_, {{4, false}}, {std::nullopt, "1"}),
            R"((t."age" IS NULL AND (t."id" > $1::"pg_catalog"."int8")))");
}

TEST_F(PageTest, ANullableColumnsNullsComeFirstDescending) {
  EXPECT_EQ(After(customer_, {{4, true}}, {"5", "1"}),
            R"(t."age" <= $1::"pg_catalog"."int4" AND (t."age" < $1::"pg_catalog"."int4" OR )"
            R"((t."age" = $1::"pg_catalog"."int4" AND (t."id" > $2::"pg_catalog"."int8"))))");
  EXPECT_EQ(After(customer_, {{4, true}}, {std::nullopt, "1"}),
            R"((t."age" IS NOT NULL OR (t."age" IS NULL AND (t."id" > $1::"pg_catalog"."int8"))))");
}

TEST_F(PageTest, AllDescendingIsARowComparisonToo) {
  EXPECT_EQ(After(item_, {{0, true}, {1, true}}, {"1", "2"}),
            R"((t."order_id", t."line") < ($1::"pg_catalog"."int8", $2::"pg_catalog"."int4"))");
  EXPECT_THAT(After(item_, {{0, true}}, {"1", "2"}), Not(HasSubstr("(t.\"order_id\", ")));
}

TEST_F(PageTest, RowsWithoutAKeyHaveAPlaceInTheirTable) {
  contract::Table log = log_;
  log.positioned = true;
  const Position after{{"16390", "(0,1)"}};
  const Statement statement = Page(log, {}, &after);
  EXPECT_EQ(statement.text,
            R"(SELECT t."at", t.tableoid::text AS protogres_1, t.ctid::text AS protogres_2 FROM "public"."log" AS t )"
            R"(WHERE (t.tableoid, t.ctid) > ($1::oid, $2::tid) ORDER BY t.tableoid, t.ctid LIMIT $3::int8)");
  EXPECT_THAT(statement.params, ElementsAre("16390", "(0,1)", "10"));
  EXPECT_EQ(After(log, {{1, true}}, {std::nullopt, "16390", "(0,1)"}),
            R"((t."line" IS NOT NULL OR (t."line" IS NULL AND (t.tableoid > $1::oid OR )"
            R"((t.tableoid = $1::oid AND (t.ctid > $2::tid))))))");
}

TEST_F(PageTest, RowsThatNothingTellsApartAreCounted) {
  const Position after{{}, 30};
  const Statement statement = Page(log_, {{1, true}}, &after);
  EXPECT_EQ(statement.text, R"(SELECT t."at" FROM "public"."log" AS t ORDER BY t."line" DESC, t."at", )"
                            R"((ROW(t."line", t."place")::text COLLATE "C") LIMIT $1::int8 OFFSET $2::int8)");
  EXPECT_THAT(statement.params, ElementsAre("10", "30"));
  EXPECT_THAT(TokenColumns(log_, {{0}, false}, TotalOrder(log_, {})), ElementsAre());
}

TEST_F(PageTest, WhatDoesNotFitIntoATokenIsCountedFromTheTokenBefore) {
  const Position after{{"1", "2"}, 5};
  const Statement statement = Page(item_, {}, &after);
  EXPECT_THAT(statement.text, HasSubstr("WHERE (t.\"order_id\", t.\"line\") > ("));
  EXPECT_THAT(statement.text, HasSubstr("LIMIT $3::int8 OFFSET $4::int8"));
  EXPECT_THAT(statement.params, ElementsAre("1", "2", "10", "5"));
  EXPECT_TRUE(FitsToken({std::string(kMaxPositionBytes, 'x'), std::nullopt}));
  EXPECT_FALSE(FitsToken({std::string(kMaxPositionBytes, 'x'), "y"}));
}

TEST_F(PageTest, OperatorsOfExtensionsAreNamedByTheirSchema) {
  EXPECT_EQ(After(book_, {}, {"0-393-04002-X"}), R"((t."isbn" OPERATOR("ext".>) $1::"ext"."isbn"))");
  EXPECT_EQ(After(book_, {{1, true}}, {"a.b", "0-393-04002-X"}),
            R"(t."path" OPERATOR("ext".<=) $1::"ext"."ltree" AND (t."path" OPERATOR("ext".<) $1::"ext"."ltree" OR )"
            R"((t."path" OPERATOR("ext".=) $1::"ext"."ltree" AND (t."isbn" OPERATOR("ext".>) $2::"ext"."isbn"))))");
  EXPECT_EQ(After(book_, {{2, true}}, {"{a.b}", "0-393-04002-X"}),
            R"(t."paths" <= $1::"ext"."ltree"[] AND (t."paths" < $1::"ext"."ltree"[] OR )"
            R"((t."paths" = $1::"ext"."ltree"[] AND (t."isbn" OPERATOR("ext".>) $2::"ext"."isbn"))))")
      << "arrays have PostgreSQL's own";
}

TEST_F(PageTest, MoneyTravelsAsNumeric) {
  const int price = customer_.FieldIndex(11);
  EXPECT_THAT(Page(customer_, {{price, false}}, nullptr).text, HasSubstr(R"(t."price"::numeric::text)"));
  EXPECT_THAT(After(customer_, {{price, true}}, {"1.5", "1"}),
              HasSubstr(R"(t."price" < $1::numeric::"pg_catalog"."money")"));
}

// A column that is read anyhow is not read twice, unless its text alone is no value: true is "t" there.
TEST_F(PageTest, TheTokensColumnsAreThoseReadOrComeAfterThem) {
  EXPECT_THAT(TokenColumns(item_, {{0, 1, 2}, true}, TotalOrder(item_, {{2, true}})), ElementsAre(2, 0, 1));
  EXPECT_THAT(TokenColumns(item_, {{1, 2}, true}, TotalOrder(item_, {{2, true}})), ElementsAre(1, 3, 0));
  EXPECT_THAT(TokenColumns(item_, {{}, false}, TotalOrder(item_, {})), ElementsAre(0, 1));
  EXPECT_EQ(SelectPage(item_, {{0, 1}, false}, TotalOrder(item_, {}), {}, true, nullptr, std::nullopt).text,
            R"(SELECT t."order_id", t."line" FROM "public"."item" AS t ORDER BY t."order_id", t."line")");
  const int price = customer_.FieldIndex(11);
  EXPECT_THAT(TokenColumns(customer_, {{price}, false}, TotalOrder(customer_, {{price, false}})), ElementsAre(1, 2));
}

// Citus writes t."value" as value again: that must name the column and nothing else of the result.
TEST_F(PageTest, NoColumnOfAResultHasAnothersName) {
  std::vector<contract::Table> tables = contract_.tables;
  tables.push_back(log_);
  tables.back().positioned = true;
  tables.push_back(customer_);
  for (std::size_t i = 0; i < customer_.fields.size(); ++i)
    tables.back().fields[i].column = fmt::format("protogres_{}", i);
  for (const contract::Table& table : tables) {
    std::set<std::string> columns;
    for (const contract::Field& field : table.fields) columns.insert(text::QuoteName(field.column));
    for (int field = 0; field < static_cast<int>(table.fields.size()); ++field) {
      for (const Projection& projection : {Projection::All(table), Projection{{field}, false}, Projection{{}, true}}) {
        const std::string text =
            SelectPage(table, projection, TotalOrder(table, {{field, false}}), {}, true, nullptr, 10).text;
        std::set<std::string> names;
        for (const auto& [name, own] : OutputNames(text)) {
          EXPECT_TRUE(names.insert(name).second) << name << " stands twice in " << text;
          EXPECT_EQ(columns.contains(name), !own) << name << " in " << text;
        }
      }
    }
  }
}

TEST_F(PageTest, WithoutALimit) {
  const Position after{{}, 3};
  const Statement statement = SelectPage(log_, {{0}, false}, TotalOrder(log_, {}), {}, true, &after, std::nullopt);
  EXPECT_THAT(statement.text, Not(HasSubstr("LIMIT")));
  EXPECT_THAT(statement.params, ElementsAre("3"));
}

TEST_F(PageTest, Count) {
  EXPECT_EQ(SelectCount(log_, {}, false).text, R"(SELECT count(*) FROM "public"."log" AS t)");
  const Statement statement = SelectCount(item_, {R"(t."line" = $1)", {"7"}}, false);
  EXPECT_EQ(statement.text,
            R"(SELECT count(*) FROM "public"."item" AS t WHERE (t."line" = $1) AND t."gone" IS NOT TRUE)");
  EXPECT_THAT(statement.params, ElementsAre("7"));
}

}  // namespace
}  // namespace protogres::sql
