// The statements that call functions.
#include "sql/call.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::sql {
namespace {

using testing::ElementsAre;

contract::Argument Arg(const std::string& name, const std::string& default_sql = "") {
  contract::Argument argument;
  argument.field.name = argument.field.column = name;
  argument.field.type.sql_type = R"("pg_catalog"."int4")";
  argument.default_sql = default_sql;
  return argument;
}

contract::Function Function(std::vector<contract::Argument> arguments) {
  contract::Function function;
  function.sql_name = R"("s"."f")";
  function.arguments = std::move(arguments);
  return function;
}

constexpr char kInt[] = R"(::"pg_catalog"."int4")";

TEST(CallTest, ArgumentsAreNamedAndThoseInBetweenTakeTheirDefault) {
  const Statement call = Call(Function({Arg("a"), Arg("b", "7"), Arg("the \"c\"")}), {"1", std::nullopt, Param()});
  EXPECT_EQ(call.text, std::string(R"(CALL "s"."f"("a" => $1)") + kInt + R"(, "the ""c""" => $2)" + kInt + ")");
  EXPECT_THAT(call.params, ElementsAre(Param("1"), Param()));
}

TEST(CallTest, ArgumentsWithoutANameStandInTheirPlace) {
  const auto function = Function({Arg("a", "6"), Arg("", "7"), Arg("c", "8")});
  EXPECT_EQ(Call(function, {std::nullopt, std::nullopt, "1"}).text,
            std::string(R"(CALL "s"."f"((6))") + kInt + ", (7)" + kInt + R"(, "c" => $1)" + kInt + ")");
}

TEST(CallTest, AnOverloadIsCalledWithAllItsArguments) {
  auto function = Function({Arg("a"), Arg("b", "7")});
  function.overloaded = true;
  EXPECT_EQ(Call(function, {"1", std::nullopt}).text,
            std::string(R"(CALL "s"."f"("a" => $1)") + kInt + R"(, "b" => (7))" + kInt + ")");
}

TEST(CallTest, VariadicAndOut) {
  auto function = Function({Arg("a"), Arg("b"), Arg("c")});
  function.arguments[1].out = true;
  function.arguments[2].variadic = true;
  EXPECT_EQ(Call(function, {"1", std::nullopt, "{}"}).text, std::string(R"(CALL "s"."f"("a" => $1)") + kInt +
                                                                R"(, "b" => NULL)" + kInt + R"(, VARIADIC "c" => $2)" +
                                                                kInt + ")");
}

TEST(CallTest, RowsAreReadAsThoseOfATable) {
  auto function = Function({Arg("a")});
  function.writes = false;
  function.aliases = {"x", "y z"};
  contract::Table table;
  table.fields.resize(2);
  table.fields[0].column = "x";
  table.fields[1].column = "y z";
  const Given given = {"1"};
  const Statement select = SelectFrom(
      function, given,
      {.table = table, .projection = {.fields = {1}}, .condition = {"t.\"x\" = $2", {"5"}}, .order = {{0, true}}});
  EXPECT_EQ(select.text, std::string(R"(SELECT t."y z" FROM "s"."f"("a" => $1)") + kInt +
                             R"() AS t("x", "y z") WHERE t."x" = $2 ORDER BY t."x" DESC)");
  EXPECT_THAT(select.params, ElementsAre(Param("1"), Param("5")));
  EXPECT_EQ(ParamsOf(given), 1);
}

TEST(CallTest, NoConditionKeepsAFunctionThatWritesFromRunning) {
  contract::Table table;
  EXPECT_EQ(
      SelectFrom(Function({}), {}, {.table = table, .projection = {}, .condition = {"FALSE", {}}}).text,
      R"(SELECT 1 FROM "s"."f"() AS t WHERE CASE WHEN FALSE THEN TRUE ELSE pg_catalog.clock_timestamp() IS NULL END)");
  EXPECT_EQ(SelectFrom(Function({}), {}, {.table = table, .projection = {}}).text, R"(SELECT 1 FROM "s"."f"() AS t)");
}

}  // namespace
}  // namespace protogres::sql
