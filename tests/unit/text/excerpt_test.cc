#include "text/excerpt.h"

#include <string>

#include "gtest/gtest.h"
#include "text/utf8.h"

namespace protogres::text {
namespace {

TEST(ExcerptTest, IsPrintable) {
  EXPECT_EQ(Excerpt("abc"), "\"abc\"");
  EXPECT_EQ(Excerpt("abc", '\''), "'abc'");
  EXPECT_EQ(Excerpt(""), "\"\"");
  EXPECT_EQ(Excerpt("a\n\xff\xc3\xa9\x7f"), "\"a\\x0a\\xff\xc3\xa9\\x7f\"");
  EXPECT_EQ(Excerpt(R"(a"b\)"), R"("a"b\")");
}

TEST(ExcerptTest, IsShort) {
  EXPECT_EQ(Excerpt(std::string(kMaxExcerpt, 'x')), '"' + std::string(kMaxExcerpt, 'x') + '"');
  EXPECT_EQ(Excerpt(std::string(kMaxExcerpt + 1, 'x')), '"' + std::string(kMaxExcerpt, 'x') + "...\"");
  EXPECT_EQ(Excerpt("abcdef", '"', 3), "\"abc...\"");
  for (std::size_t before = kMaxExcerpt - 4; before <= kMaxExcerpt; ++before) {
    const std::string cut = Excerpt(std::string(before, 'x') + "€€");
    EXPECT_TRUE(IsUtf8(cut)) << "not in the midst of a character: " << cut;
    EXPECT_TRUE(cut.ends_with("...\"") && cut.size() <= kMaxExcerpt + 5) << cut;
  }
  EXPECT_EQ(Excerpt("ab\n", '"', 5), "\"ab...\"") << "nor in the midst of an escape";
}

TEST(EscapedTest, ShowsAll) {
  EXPECT_EQ(Escaped(""), "");
  EXPECT_EQ(Escaped("a\nb\xff é"), "a\\x0ab\\xff é");
  EXPECT_EQ(Escaped(R"(a$b"c\)", R"($"\)"), "a\\x24b\\x22c\\x5c");
  EXPECT_EQ(Escaped(std::string(1000, 'x')), std::string(1000, 'x'));
}

TEST(ShortenedTest, CutsBetweenCharacters) {
  EXPECT_EQ(Shortened("abc", 3), "abc");
  EXPECT_EQ(Shortened("abcd", 3), "abc...");
  EXPECT_EQ(Shortened("aéb", 2), "a...");
  EXPECT_EQ(Shortened("", 0), "");
}

TEST(OneLineTest, BreaksBecomeBlanks) {
  EXPECT_EQ(OneLine(" one\n  two\r\n\tthree \n"), "one two three");
  EXPECT_EQ(OneLine(" \n"), "");
}

TEST(WithoutControlsTest, EachIsABlank) { EXPECT_EQ(WithoutControls("a\n\x1b[\x7fz é"), "a  [ z é"); }

}  // namespace
}  // namespace protogres::text
