// Statements that each role prepares for itself.
#include "db/by_role.h"

#include "gtest/gtest.h"

namespace protogres::db {
namespace {

TEST(ByRoleTest, EachRoleHasATextOfItsOwn) {
  const std::string sql = "SELECT f()";
  EXPECT_EQ(OfRole(sql, "member"), "SELECT f() /* role member */");
  EXPECT_EQ(OfRole(sql, "a */ b"), "SELECT f() /* role a%20%2a%2f%20b */");
  EXPECT_EQ(OfRole(sql, "a%20"), "SELECT f() /* role a%2520 */");
}

TEST(ByRoleTest, WithoutARoleItStaysWhatItIs) {
  EXPECT_FALSE(IsByRole("SELECT 1", ""));
  EXPECT_EQ(OfRole("SELECT 1", ""), "SELECT 1");
}

TEST(ByRoleTest, OnceIsEnough) {
  const std::string sql = OfRole("SELECT 1", "member");
  EXPECT_FALSE(IsByRole(sql, "member"));
  EXPECT_EQ(OfRole(sql, "member"), sql);
}

}  // namespace
}  // namespace protogres::db
