#include "sql/copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/sql/fixture.h"

namespace protogres::sql {
namespace {

std::string Copied(std::string_view value) {
  std::string out = "before ";
  AppendCopied(value, &out);
  return out.substr(7);
}

TEST(CopyTest, OnlyWhatEndsAColumnOrLineIsEscaped) {
  EXPECT_EQ(Copied(""), "");
  EXPECT_EQ(Copied("plain, 'text' \"ü\" \x01"), "plain, 'text' \"ü\" \x01");
  EXPECT_EQ(Copied("\t\n\r\\"), R"(\t\n\r\\)");
  EXPECT_EQ(Copied("a\tb"), R"(a\tb)");
  EXPECT_EQ(Copied("\\N"), R"(\\N)") << "is no NULL";
  EXPECT_EQ(Copied("\\."), R"(\\.)") << "is no end";
  EXPECT_EQ(Copied(R"({"a\\b","c"})"), R"({"a\\\\b","c"})");
}

TEST(CopyTest, NamesAreQuoted) {
  contract::Table table = MakeTable("parcel");
  Add(MakeField("id", TextType()), &table);
  Add(MakeField("a \"b\"", TextType()), &table);
  Add(MakeField("c", TextType()), &table);
  EXPECT_EQ(CopyFrom(table, {0}), R"(COPY "public"."parcel" ("id") FROM STDIN)");
  EXPECT_EQ(CopyFrom(table, {2, 1}), R"(COPY "public"."parcel" ("c", "a ""b""") FROM STDIN)");
}

}  // namespace
}  // namespace protogres::sql
