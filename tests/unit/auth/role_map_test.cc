#include "auth/role_map.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Names = std::vector<std::string>;

std::vector<std::string> RolesOf(const std::string& file, const Names& names) {
  const auto map = RoleMap::Parse(file);
  EXPECT_TRUE(map.ok()) << map.status();
  const RoleMap::Entry* const entry = map.ok() ? map->Find(names) : nullptr;
  return entry != nullptr ? entry->roles : std::vector<std::string>();
}

std::string ErrorOf(const std::string& file) { return std::string(RoleMap::Parse(file).status().message()); }

TEST(RoleMapTest, ALineHasANameAndItsRoles) {
  const std::string file =
      "# names of services\n"
      "\n"
      "orders.internal  member\r\n"
      "\tspiffe://shop/web#1\tanon, member ,\"The \"\"Other\"\", one\" # the first is that of a call without a token\n"
      "\"a # b, c\" x#y\n";
  EXPECT_THAT(RolesOf(file, {"orders.internal"}), ElementsAre("member"));
  EXPECT_THAT(RolesOf(file, {"spiffe://shop/web#1"}), ElementsAre("anon", "member", "The \"Other\", one"));
  EXPECT_THAT(RolesOf(file, {"a # b, c"}), ElementsAre("x#y"));
  EXPECT_THAT(RolesOf(file, {"#", "orders", "ORDERS.INTERNAL", ""}), IsEmpty());
}

TEST(RoleMapTest, TheFirstNameThatItHasCounts) {
  const std::string file = "a one\nb two\n";
  EXPECT_THAT(RolesOf(file, {"x", "b", "a"}), ElementsAre("two"));
  EXPECT_THAT(RolesOf(file, {"a", "b"}), ElementsAre("one"));
  EXPECT_THAT(RolesOf(file, {}), IsEmpty());
}

TEST(RoleMapTest, AnEntryKnowsItsRolesAndWhoCalls) {
  const auto map = RoleMap::Parse("\"Zo\xc3\xab \"\"x\"\"\" one,two\n");
  ASSERT_TRUE(map.ok()) << map.status();
  const RoleMap::Entry* const entry = map->Find(Names{"Zo\xc3\xab \"x\""});
  ASSERT_NE(entry, nullptr);
  EXPECT_TRUE(entry->Allows("one"));
  EXPECT_TRUE(entry->Allows("two"));
  EXPECT_FALSE(entry->Allows("on"));
  EXPECT_EQ(entry->identity->role, "one");
  EXPECT_EQ(entry->identity->claims, "{\"role\":\"one\",\"sub\":\"Zo\xc3\xab \\\"x\\\"\"}");
}

TEST(RoleMapTest, WhatIsWrongIsSaidWithItsLine) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("has no line"));
  EXPECT_THAT(ErrorOf("# a b\n\n"), HasSubstr("has no line"));
  EXPECT_THAT(ErrorOf("a b\nc"), HasSubstr("line 2: the last line does not end with a line break"));
  EXPECT_THAT(ErrorOf("a\n"), HasSubstr("line 1: a role is missing"));
  EXPECT_THAT(ErrorOf("a # b\n"), HasSubstr("line 1: a role is missing"));
  EXPECT_THAT(ErrorOf("a b,\n"), HasSubstr("line 1: a role is missing"));
  EXPECT_THAT(ErrorOf("a b,,c\n"), HasSubstr("line 1: a role is missing"));
  EXPECT_THAT(ErrorOf("a b c\n"), HasSubstr("line 1: several roles must have commas"));
  EXPECT_THAT(ErrorOf("a none\n"), HasSubstr("\"none\" is no role"));
  EXPECT_THAT(ErrorOf("a \"\"\n"), HasSubstr("a role is missing"));
  EXPECT_THAT(ErrorOf("\"\" b\n"), HasSubstr("the name is empty"));
  EXPECT_THAT(ErrorOf("\"a b\n"), HasSubstr("a quote has no end"));
  EXPECT_THAT(ErrorOf("\"a\"b c\n"), HasSubstr("a blank is missing after a quote"));
  EXPECT_THAT(ErrorOf("a\"b c\n"), HasSubstr("a quote stands inside of a word"));
  EXPECT_THAT(ErrorOf("a b\n\"a\" c\n"), HasSubstr("line 2: an earlier line has the same name"));
  EXPECT_THAT(ErrorOf("\xff b\n"), HasSubstr("is not UTF-8"));
}

}  // namespace
}  // namespace protogres::auth
