#include "crud/operator_error.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "status/sqlstate.h"
#include "status/status.h"
#include "unit/sql/fixture.h"

namespace protogres::crud {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

absl::Status Server(const std::string& state, const std::string& message, const std::string& position = "") {
  status::ServerError error;
  error.sqlstate = state;
  error.message = message;
  error.position = position;
  return status::ToStatus(error);
}

class OperatorErrorTest : public ::testing::Test {
 protected:
  OperatorErrorTest() {
    for (const char* name : {"path", "großes \"feld\"", "paths"}) {
      contract::Field field = sql::MakeField(name, sql::MakeType(contract::Kind::kString, R"("ext"."ltree")"));
      field.name = name[0] == 'g' ? "large" : name;
      sql::Add(field, &table_);
    }
  }
  // The error of an operator that stands where `mark` begins.
  absl::Status Of(const std::string& statement, const std::string& mark, const std::string& state = "42883") const {
    int position = 1;
    for (std::size_t i = 0; i < statement.find(mark); ++i) position += (statement[i] & 0xC0) != 0x80 ? 1 : 0;
    return OfOperator(Server(state, "operator does not exist: ext.ltree = ext.ltree", std::to_string(position)),
                      statement, table_);
  }

  contract::Table table_;
};

TEST_F(OperatorErrorTest, TheColumnIsNamed) {
  const absl::Status status =
      Of(R"(SELECT t."paths" FROM x AS t WHERE t."paths" IS NULL AND t."path" = $1 ORDER BY t."paths")", "= $1");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status::ReasonOf(status), "INVALID_FILTER");
  EXPECT_THAT(std::string(status.message()), StartsWith("filter: path is of the type \"ext\".\"ltree\""));
  EXPECT_EQ(status::MetadataOf(status, "sqlstate"), "42883");
  EXPECT_FALSE(status::CatalogMoved(status));
  EXPECT_THAT(std::string(Of(R"(DELETE FROM x AS t WHERE t."path" <> $1)", "<>", "42725").message()),
              StartsWith("filter: path"));
}

TEST_F(OperatorErrorTest, PositionsAreInCharacters) {
  EXPECT_THAT(
      std::string(
          Of(R"(SELECT 1 FROM "äöü€" AS t WHERE t."path" IS NULL AND t."großes ""feld""" < $1)", "<").message()),
      StartsWith("filter: large"));
}

TEST_F(OperatorErrorTest, AnArrayStandsBehindTheOperator) {
  EXPECT_THAT(
      std::string(Of(R"(SELECT 1 WHERE t."path" IS NULL AND coalesce($1 = ANY(t."paths"), FALSE))", "=").message()),
      StartsWith("filter: paths"));
}

TEST_F(OperatorErrorTest, OfAnOrder) {
  const absl::Status status = Of(R"(SELECT 1 FROM x AS t WHERE TRUE ORDER BY t."path")", R"(t."path")");
  EXPECT_EQ(status::ReasonOf(status), "INVALID_ORDER_BY");
  EXPECT_THAT(std::string(status.message()), StartsWith("order_by: path"));
}

TEST_F(OperatorErrorTest, AnOperatorOfAnExtensionThatHasMovedIsNotTheCallersFault) {
  table_.fields[0].type.operator_schema = "\"ext\"";
  const absl::Status status = Of(R"(SELECT 1 WHERE t."path" OPERATOR("ext".=) $1)", "OPERATOR");
  EXPECT_EQ(status::ReasonOf(status), "CATALOG_MOVED");
}

TEST_F(OperatorErrorTest, OfARelatedRow) {
  const std::string exists = R"(SELECT 1 FROM x AS t WHERE t."path" IS NULL AND EXISTS (SELECT FROM y AS t1 WHERE )";
  const absl::Status filter = Of(exists + R"(t1."id" = t."path" AND t1."spot" < $1))", "< $1");
  EXPECT_EQ(status::ReasonOf(filter), "INVALID_FILTER");
  EXPECT_THAT(std::string(filter.message()), StartsWith("filter: spot of a related row: PostgreSQL finds no such"));
  EXPECT_THAT(std::string(Of(exists + R"(t1."id" IS NULL) AND t."path" < $1)", "< $1").message()),
              StartsWith("filter: path is of the type"));
  const absl::Status order = Of(R"(SELECT 1 FROM x AS t LEFT JOIN y AS j12 ON TRUE ORDER BY j12."spot")", "j12.\"");
  EXPECT_EQ(status::ReasonOf(order), "INVALID_ORDER_BY");
  EXPECT_THAT(std::string(order.message()), StartsWith("order_by: spot of a related row"));
  EXPECT_EQ(status::ReasonOf(Of(exists + R"(t1."spot" OPERATOR("ext".=) $1))", "OPERATOR")), "CATALOG_MOVED");
}

TEST_F(OperatorErrorTest, ArgumentsOfAFiltersFunctions) {
  const std::string search = R"(SELECT 1 WHERE to_tsvector('nope'::pg_catalog.regconfig, t."path") @@ $1)";
  for (const absl::Status& status :
       {Of(search, "'nope'", "42704"), OfOperator(Server("42704", "x"), search, table_),
        OfOperator(Server("2201B", "invalid regular expression"), R"(SELECT 1 WHERE t."path" ~ $1)", table_)}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status::ReasonOf(status), "INVALID_FILTER");
  }
  EXPECT_EQ(status::ReasonOf(Of(R"(SELECT 1 WHERE t."path" = $1::ext.gone)", "ext.gone", "42704")), "CATALOG_MOVED");
}

TEST_F(OperatorErrorTest, OthersStayWhatTheyAre) {
  for (const char* state : {"42703", "42601", "23505"}) {
    EXPECT_EQ(Of(R"(SELECT 1 WHERE t."path" = $1)", "=", state).code(), Server(state, "", "8").code());
  }
  // Without a position it is of what a function or trigger runs.
  const absl::Status inner = Server("42883", "function nope() does not exist");
  EXPECT_EQ(OfOperator(inner, R"(UPDATE x AS t SET a = 1 WHERE t."path" = $1)", table_), inner);
  EXPECT_EQ(status::ReasonOf(Of("SELECT nope()", "nope")), "CATALOG_MOVED");
  EXPECT_THAT(std::string(Of(R"(SELECT t."gone" = $1)", "=").message()), HasSubstr("operator does not exist"));
}

TEST_F(OperatorErrorTest, AComputedColumnIsNamed) {
  contract::Field field = sql::MakeField("shape", sql::MakeType(contract::Kind::kString, R"("ext"."ltree")"));
  field.function = R"("public"."shape of")";
  sql::Add(field, &table_);
  for (const char* operand : {R"("public"."shape of"(t.*) = $1)", R"($1 = ANY("public"."shape of"(t.*)))"}) {
    const std::string statement = std::string(R"(SELECT 1 FROM x AS t WHERE t."path" IS NULL AND )") + operand;
    EXPECT_THAT(std::string(Of(statement, "= ").message()), StartsWith("filter: shape"));
  }
}

TEST_F(OperatorErrorTest, WhichRightsAComputedColumnTakesIsTold) {
  contract::Field field = sql::MakeField("shape", sql::TextType());
  field.function = R"("public"."shape_of")";
  sql::Add(field, &table_);
  table_.sql_name = R"("public"."x")";
  const absl::Status error = Server("42501", "permission denied for table x");
  const absl::Status told = OfOperator(error, R"(SELECT "public"."shape_of"(t.*) FROM x AS t)", table_);
  EXPECT_EQ(told.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(status::ReasonOf(told), "PERMISSION_DENIED");
  EXPECT_EQ(std::string(told.message()),
            "permission denied for table x (shape is computed by \"public\".\"shape_of\", for which a role needs "
            "EXECUTE on the function, and SELECT on all columns of \"public\".\"x\")");
  EXPECT_EQ(OfOperator(error, R"(SELECT t."path" FROM x AS t)", table_), error);
}

}  // namespace
}  // namespace protogres::crud
