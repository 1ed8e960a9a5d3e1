#include "text/quote.h"

#include <string>

#include "gtest/gtest.h"

namespace protogres::text {
namespace {

TEST(QuoteNameTest, AnyNameIsOneIdentifier) {
  EXPECT_EQ(QuoteName("a"), R"("a")");
  EXPECT_EQ(QuoteName(R"(x" ; drop table "y)"), R"("x"" ; drop table ""y")");
  EXPECT_EQ(QuoteName(""), R"("")");
  EXPECT_EQ(QuoteName("public", "t\""), R"("public"."t""")");
}

TEST(QuoteNameTest, IsReadBack) {
  for (const char* name : {"", "a", "\"", "a\"\"b", "\"a\""}) {
    EXPECT_EQ(UnquoteName(QuoteName(name)), name);
    EXPECT_EQ(UnquoteName(QuoteName(name) + " = \"x\""), name);
  }
  EXPECT_EQ(UnquoteName("\"open"), "open");
  EXPECT_EQ(UnquoteName(""), "");
}

TEST(QuoteLiteralTest, StaysOnOneLine) {
  EXPECT_EQ(QuoteLiteral("a'b\\c\nd\r\x1b[31m é"), "'a''b\\\\c\\nd\\r\\x1b[31m é'");
}

TEST(QuoteSettingTest, BackslashesStandBeforeQuotesAndBackslashes) {
  EXPECT_EQ(QuoteSetting("it's \\ \"a\""), R"('it\'s \\ "a"')");
  EXPECT_EQ(QuoteSetting(""), "''");
}

TEST(AppendQuotedElementTest, BackslashesStandBeforeQuotesAndBackslashes) {
  std::string out = "{";
  AppendQuotedElement("it's \\ \"a\"", &out);
  EXPECT_EQ(out, R"({"it's \\ \"a\"")");
}

}  // namespace
}  // namespace protogres::text
