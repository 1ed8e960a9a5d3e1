#include "sql/statement.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "unit/sql/fixture.h"

namespace protogres::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class StatementTest : public ::testing::Test {
 protected:
  static Projection Only(std::vector<int> fields, bool etag = false) { return {std::move(fields), etag}; }

  const contract::Contract contract_ = MakeContract();
  const contract::Table& customer_ = contract_.tables[0];
  const contract::Table& item_ = contract_.tables[1];
  const contract::Table& log_ = contract_.tables[2];
  const int price_ = customer_.FieldIndex(11);
  const int prices_ = customer_.FieldIndex(21);
};

TEST_F(StatementTest, ProjectionAllHasTheEtagOnlyWhereThereIsOne) {
  EXPECT_THAT(Projection::All(item_).fields, ElementsAre(0, 1, 2, 3));
  EXPECT_TRUE(Projection::All(item_).etag);
  contract::Table view = item_;
  view.has_etag = false;
  EXPECT_FALSE(Projection::All(view).etag);
}

TEST_F(StatementTest, SelectByKeyHidesDeletedRows) {
  EXPECT_EQ(SelectByKey(item_, Only({2}, true), false),
            R"(SELECT t."note", (t.xmin::text || '-' || t.ctid::text) FROM "public"."item" AS t )"
            R"(WHERE t."order_id" = $1::"pg_catalog"."int8" AND t."line" = $2::"pg_catalog"."int4" )"
            R"(AND t."gone" IS NOT TRUE)");
  EXPECT_THAT(SelectByKey(item_, Only({2}), true), Not(HasSubstr("gone")));
  EXPECT_EQ(SelectByKey(customer_, Only({price_}), true),
            R"(SELECT t."price"::numeric FROM "public"."customer" AS t WHERE t."id" = $1::"pg_catalog"."int8")");
}

TEST_F(StatementTest, EmptyProjectionIsStillValidSql) {
  EXPECT_THAT(SelectByKey(item_, Only({}), true), HasSubstr("SELECT 1 FROM"));
  EXPECT_THAT(Update(item_, {"1", "2"}, {{2, "x"}}, std::nullopt, Only({})).text, HasSubstr(" RETURNING 1"));
  EXPECT_THAT(SelectByKeys(customer_, Only({}), true, {{"1"}}).text, HasSubstr("SELECT k.n FROM"));
}

TEST_F(StatementTest, SelectByKeysUnnestsOneArrayAKeyColumn) {
  const Statement statement = SelectByKeys(item_, Only({2}), true, {{"1", "2"}, {"3", "4"}});
  EXPECT_EQ(statement.text, R"(SELECT k.n, t."note" FROM unnest($1::"pg_catalog"."int8"[], $2::"pg_catalog"."int4"[]) )"
                            R"(WITH ORDINALITY AS k(k1, k2, n) JOIN "public"."item" AS t )"
                            R"(ON t."order_id" = k.k1 AND t."line" = k.k2 ORDER BY k.n)");
  EXPECT_THAT(statement.params, ElementsAre(R"({"1","3"})", R"({"2","4"})"));
}

TEST_F(StatementTest, SelectByKeysOfAShardedTableSaysWhichServersAreMet) {
  contract::Table table = item_;
  table.sharding = catalog::Sharding::kForeign;
  EXPECT_THAT(SelectByKeys(table, Only({2}), true, {{"1", "2"}, {"3", "4"}}).text,
              HasSubstr(R"(t."line" = k.k2 WHERE t."order_id" = ANY($1::"pg_catalog"."int8"[]) )"
                        R"(AND t."line" = ANY($2::"pg_catalog"."int4"[]) ORDER BY k.n)"));
}

TEST_F(StatementTest, SelectByAnyKeyReturnsTheKeyFirst) {
  EXPECT_TRUE(HasPlainKey(customer_));
  EXPECT_FALSE(HasPlainKey(item_));  // two columns
  const Statement statement = SelectByAnyKey(customer_, Only({price_}), true, {{"7"}, {"-1"}});
  EXPECT_EQ(statement.text, R"(SELECT t."id", t."price"::numeric FROM "public"."customer" AS t )"
                            R"(WHERE t."id" = ANY($1::"pg_catalog"."int8"[]))");
  EXPECT_THAT(statement.params, ElementsAre("{7,-1}"));
}

TEST_F(StatementTest, KeysWithQuotesAndCommasStayOneElement) {
  contract::Table table = log_;
  table.key = {1};
  EXPECT_THAT(SelectByKeys(table, Only({1}), true, {{R"(a"b\c)"}, {"{x,y}"}, {""}, {"NULL"}}).params,
              ElementsAre(R"({"a\"b\\c","{x,y}","","NULL"})"));
}

TEST_F(StatementTest, KeyWithACastBetweenIsCastElementwise) {
  contract::Table table = customer_;
  table.key = {price_};
  EXPECT_THAT(SelectByKeys(table, Only({0}), true, {{"1"}}).text,
              HasSubstr(R"(unnest($1::text[]) WITH ORDINALITY AS k(k1, n) JOIN "public"."customer" AS t )"
                        R"(ON t."price" = k.k1::numeric::"pg_catalog"."money" ORDER)"));
}

TEST_F(StatementTest, InsertOfOneRowNamesOnlyWhatItAssigns) {
  const Statement statement = Insert(customer_, {{{price_, "1.5"}, {0, "7"}, {prices_, std::nullopt}}}, Only({0}));
  EXPECT_EQ(statement.text, R"(INSERT INTO "public"."customer" AS t ("id", "price", "prices") )"
                            R"(VALUES ($1::"pg_catalog"."int8", $2::numeric::"pg_catalog"."money", )"
                            R"($3::numeric[]::"pg_catalog"."money"[]) RETURNING t."id")");
  EXPECT_THAT(statement.params, ElementsAre("7", "1.5", std::nullopt));
}

TEST_F(StatementTest, InsertOfRowsWithDifferentFieldsFillsInDefaults) {
  const Statement statement = Insert(item_, {{{0, "1"}}, {}, {{2, "x"}, {0, "2"}}}, Only({0}));
  EXPECT_EQ(statement.text,
            R"(INSERT INTO "public"."item" AS t ("order_id", "note") VALUES ($1::"pg_catalog"."int8", DEFAULT), )"
            R"((DEFAULT, DEFAULT), ($2::"pg_catalog"."int8", $3::"pg_catalog"."text") RETURNING t."order_id")");
  EXPECT_THAT(statement.params, ElementsAre("1", "2", "x"));
}

TEST_F(StatementTest, InsertOfEmptyRows) {
  EXPECT_EQ(Insert(log_, {{}}, Only({1})).text, R"(INSERT INTO "public"."log" AS t DEFAULT VALUES RETURNING t."line")");
  contract::Table table = log_;
  table.fields[0].insertable = false;
  EXPECT_EQ(Insert(table, {{}, {}}, Only({1})).text,
            R"(INSERT INTO "public"."log" AS t ("line") VALUES (DEFAULT), (DEFAULT) RETURNING t."line")");
}

TEST_F(StatementTest, PartitionedTablesGiveTheEtagOfAWrittenRowWithoutXmin) {
  contract::Table table = log_;
  table.relation = catalog::RelationKind::kPartitioned;
  EXPECT_EQ(Insert(table, {{}}, Only({}, true)).text,
            R"(INSERT INTO "public"."log" AS t DEFAULT VALUES )"
            R"(RETURNING (pg_current_xact_id()::xid::text || '-' || t.ctid::text))");
}

TEST_F(StatementTest, UpsertTakesOverWhatItIsTold) {
  const Statement statement = Upsert(item_, {{0, "1"}, {1, "2"}, {2, "x"}}, {{2, "x"}}, Only({2}));
  EXPECT_EQ(statement.text,
            R"(INSERT INTO "public"."item" AS t ("order_id", "line", "note") VALUES ($1::"pg_catalog"."int8", )"
            R"($2::"pg_catalog"."int4", $3::"pg_catalog"."text") ON CONFLICT ("order_id", "line") )"
            R"(DO UPDATE SET "note" = EXCLUDED."note" WHERE t."gone" IS NOT TRUE RETURNING t."note")");
  EXPECT_THAT(statement.params, ElementsAre("1", "2", "x"));
}

TEST_F(StatementTest, AnEmptyArrayLeavesNullWhereNullIs) {
  const int tags = static_cast<int>(customer_.FindField("tags") - customer_.fields.data());
  const Statement update = Update(customer_, {"1"}, {{tags, kEmptyArray}}, std::nullopt, Only({0}));
  EXPECT_THAT(update.text, HasSubstr(R"(SET "tags" = CASE WHEN t."tags" IS NOT NULL THEN $1::)"));
  EXPECT_THAT(update.params, ElementsAre("{}", "1"));
  EXPECT_THAT(Update(customer_, {"1"}, {{tags, "{a}"}}, std::nullopt, Only({0})).text,
              HasSubstr(R"(SET "tags" = $1::)"));
  const Statement upsert = Upsert(customer_, {{0, "1"}}, {{tags, "{}"}}, Only({0}));
  EXPECT_THAT(upsert.text, HasSubstr(R"(SET "tags" = CASE WHEN t."tags" IS NOT NULL THEN $2::)"));
  contract::Table held = customer_;
  held.fields[static_cast<std::size_t>(tags)].not_null = true;
  EXPECT_THAT(Update(held, {"1"}, {{tags, kEmptyArray}}, std::nullopt, Only({0})).text,
              HasSubstr(R"(SET "tags" = $1::)"));
}

TEST_F(StatementTest, WhatIsInputOnlyIsNeverRead) {
  contract::Table item = item_;
  item.fields[2].readable = false;
  EXPECT_THAT(Projection::All(item).fields, ElementsAre(0, 1, 3));
  EXPECT_THAT(Upsert(item, {{0, "1"}, {1, "2"}, {2, "x"}}, {{2, "x"}}, Only({0})).text,
              HasSubstr(R"(DO UPDATE SET "note" = $3::"pg_catalog"."text" WHERE)"));
  item.fields[0].updatable = false;
  EXPECT_THAT(Upsert(item, {{0, "1"}, {1, "2"}}, {}, Only({0})).text, HasSubstr(R"(DO UPDATE SET "line" = t."line")"));
  item.fields[1].updatable = false;
  EXPECT_THAT(Upsert(item, {{0, "1"}, {1, "2"}}, {}, Only({0})).text, HasSubstr(R"(DO UPDATE SET "gone" = t."gone")"));
  contract::Table customer = customer_;
  const auto tags = static_cast<std::size_t>(customer.FindField("tags") - customer.fields.data());
  customer.fields[tags].readable = false;
  EXPECT_THAT(Update(customer, {"1"}, {{static_cast<int>(tags), kEmptyArray}}, std::nullopt, Only({0})).text,
              HasSubstr(R"(SET "tags" = $1::)"));
}

TEST_F(StatementTest, UpsertOfNothingStillReturnsTheRow) {
  EXPECT_THAT(Upsert(item_, {{0, "1"}, {1, "2"}}, {}, Only({2})).text,
              HasSubstr(R"(DO UPDATE SET "order_id" = t."order_id" WHERE)"));
  contract::Table table = item_;
  table.fields[0].updatable = table.fields[1].updatable = false;
  EXPECT_THAT(Upsert(table, {{0, "1"}, {1, "2"}}, {}, Only({2})).text,
              HasSubstr(R"(DO UPDATE SET "note" = t."note" WHERE)"));
}

TEST_F(StatementTest, UpdateChecksTheEtagInTheStatement) {
  const Statement statement = Update(item_, {"1", "2"}, {{2, std::nullopt}}, "7-(0,1)", Only({2}));
  EXPECT_EQ(statement.text,
            R"(UPDATE "public"."item" AS t SET "note" = $1::"pg_catalog"."text" )"
            R"(WHERE t."order_id" = $2::"pg_catalog"."int8" AND t."line" = $3::"pg_catalog"."int4" )"
            R"(AND t."gone" IS NOT TRUE AND (t.xmin::text || '-' || t.ctid::text) = $4::text RETURNING t."note")");
  EXPECT_THAT(statement.params, ElementsAre(std::nullopt, "1", "2", "7-(0,1)"));
}

TEST_F(StatementTest, AnEtagIsNeverIgnored) {
  contract::Table view = log_;
  view.has_etag = false;
  view.key = {1};
  const Statement statement = Delete(view, {"x"}, "7-(0,1)", Only({}));
  EXPECT_THAT(statement.text, HasSubstr(" AND FALSE"));
  EXPECT_THAT(statement.params, ElementsAre("x"));
}

TEST_F(StatementTest, UpdateWhereNumbersItsParametersAfterTheConditions) {
  const Statement statement = UpdateWhere(item_, {{2, "x"}}, {R"(t."line" = $1 OR t."line" = $2)", {"1", "2"}});
  EXPECT_EQ(statement.text, R"(UPDATE "public"."item" AS t SET "note" = $3::"pg_catalog"."text" )"
                            R"(WHERE (t."line" = $1 OR t."line" = $2) AND t."gone" IS NOT TRUE)");
  EXPECT_THAT(statement.params, ElementsAre("1", "2", "x"));
}

TEST_F(StatementTest, DeleteIsAnUpdateOnSoftDeleteTables) {
  EXPECT_EQ(Delete(customer_, {"1"}, std::nullopt, Only({0})).text,
            R"(UPDATE "public"."customer" AS t SET "deleted_at" = now() WHERE t."id" = $1::"pg_catalog"."int8" )"
            R"(AND t."deleted_at" IS NULL RETURNING t."id")");
  EXPECT_EQ(DeleteWhere(item_, {"TRUE", {}}).text,
            R"(UPDATE "public"."item" AS t SET "gone" = TRUE WHERE (TRUE) AND t."gone" IS NOT TRUE)");
  contract::Table utc = customer_;
  utc.soft_delete = customer_.FieldIndex(9);
  EXPECT_THAT(Delete(utc, {"1"}, std::nullopt, Only({0})).text, HasSubstr(R"("made" = (now() AT TIME ZONE 'UTC'))"));
}

TEST_F(StatementTest, DeleteReturnsNothingElsewhere) {
  contract::Table table = item_;
  table.soft_delete.reset();
  EXPECT_EQ(Delete(table, {"1", "2"}, std::nullopt, Only({0})).text,
            R"(DELETE FROM "public"."item" AS t WHERE t."order_id" = $1::"pg_catalog"."int8" )"
            R"(AND t."line" = $2::"pg_catalog"."int4")");
  EXPECT_EQ(DeleteWhere(log_, {R"(t."line" = $1)", {"x"}}).text,
            R"(DELETE FROM "public"."log" AS t WHERE (t."line" = $1))");
}

TEST_F(StatementTest, UndeleteOnlyDeletedRows) {
  EXPECT_THAT(Undelete(customer_, {"1"}, std::nullopt, Only({0})).text,
              HasSubstr(R"(SET "deleted_at" = NULL WHERE t."id" = $1::"pg_catalog"."int8" AND )"
                        R"(t."deleted_at" IS NOT NULL RETURNING)"));
  EXPECT_THAT(Undelete(item_, {"1", "2"}, "e", Only({0})).text, HasSubstr(R"(SET "gone" = FALSE WHERE)"));
}

TEST_F(StatementTest, ProbeTellsTheEtagAndTheState) {
  EXPECT_THAT(Probe(item_, {"1", "2"}).text,
              HasSubstr(R"(SELECT (t.xmin::text || '-' || t.ctid::text), (t."gone" IS TRUE) FROM)"));
  contract::Table view = log_;
  view.has_etag = false;
  view.key = {1};
  EXPECT_THAT(Probe(view, {"x"}).text, HasSubstr("SELECT NULL::text, FALSE FROM"));
}

TEST_F(StatementTest, OperatorsOfExtensionsAreNamedByTheirSchema) {
  contract::Table view = contract_.tables[3];
  view.relation = catalog::RelationKind::kView;
  EXPECT_EQ(SelectByKey(view, Only({1}), true),
            R"(SELECT t."path" FROM "public"."book" AS t WHERE t."isbn" OPERATOR("ext".=) $1::"ext"."isbn")");
  EXPECT_THAT(SelectByKeys(view, Only({1}), true, {{"0-393-04002-X"}}).text,
              HasSubstr(R"(unnest($1::"ext"."isbn"[]) WITH ORDINALITY AS k(k1, n) JOIN "public"."book" AS t )"
                        R"(ON t."isbn" OPERATOR("ext".=) k.k1)"));
  EXPECT_THAT(Upsert(view, {{0, "0-393-04002-X"}}, {}, Only({0})).text,
              HasSubstr(R"(v."isbn" OPERATOR("ext".=) t."isbn")"));
}

TEST_F(StatementTest, KeysAreNotCutToTheTypesLength) {
  contract::Table table = customer_;
  table.key = {customer_.FieldIndex(27)};  // name: 63 bytes
  EXPECT_THAT(SelectByKey(table, Only({0}), true), HasSubstr(R"(t."ident" = $1::text)"));
  table.key = {customer_.FieldIndex(3)};  // citext, whatever the search path
  EXPECT_THAT(SelectByKey(table, Only({0}), true), HasSubstr(R"(t."nick" OPERATOR("public".=) $1)"));
}

}  // namespace
}  // namespace protogres::sql
