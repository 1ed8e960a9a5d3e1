// Statements that each role prepares for itself.
#include "db/by_role.h"

#include "gtest/gtest.h"

namespace protogres::db {
namespace {

TEST(ByRoleTest, EachRoleHasATextOfItsOwn) {
  const std::string sql = "SELECT f()" + std::string(kByRole);
  EXPECT_EQ(OfRole(sql, "member"), "SELECT f() /* role member */");
  EXPECT_EQ(OfRole(sql, "a */ b"), "SELECT f() /* role a%20%2a%2f%20b */");
  EXPECT_EQ(OfRole(sql, "a%20"), "SELECT f() /* role a%2520 */");
  EXPECT_EQ(OfRole(sql, ""), "SELECT f()");
}

TEST(ByRoleTest, SoHasWhatCallsAFunctionWithARow) {
  const std::string sql = R"(SELECT "s"."f"(t.*) FROM t)";
  EXPECT_EQ(OfRole(sql, "member"), sql + " /* role member */");
  EXPECT_FALSE(IsByRole(OfRole(sql, "member"), "member")) << "once";
  EXPECT_FALSE(IsByRole(sql, ""));
  EXPECT_EQ(OfRole(sql, ""), sql);
}

TEST(ByRoleTest, OtherStatementsStayWhatTheyAre) {
  EXPECT_FALSE(IsByRole("SELECT 1", "member"));
  EXPECT_EQ(OfRole("SELECT 1", "member"), "SELECT 1");
}

}  // namespace
}  // namespace protogres::db
