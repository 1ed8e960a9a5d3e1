#include "text/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace protogres::text {
namespace {

using namespace std::string_literals;

TEST(Utf8Test, WhatIsWellFormed) {
  for (const std::string& text : {""s, "a"s, "\0"s, "0123456789abcdef"s, "01234567\xc3\xa9"s, "\xed\x9f\xbf"s,
                                  "\xee\x80\x80"s, "\xf0\x90\x80\x80"s, "\xf4\x8f\xbf\xbf"s, "a\xe2\x82\xac z"s}) {
    EXPECT_TRUE(IsUtf8(text)) << testing::PrintToString(text);
  }
  for (const std::string& text :
       {"\x80"s, "\xc0\x80"s, "\xc1\xbf"s, "\xc3"s, "\xe0\x9f\xbf"s, "\xed\xa0\x80"s, "\xe2\x82"s, "\xf0\x8f\xbf\xbf"s,
        "\xf4\x90\x80\x80"s, "\xf5\x80\x80\x80"s, "\xff"s, "0123456789\xc3(aaaaaaaaaaaa"s, "01234567\xe9"s}) {
    EXPECT_FALSE(IsUtf8(text)) << testing::PrintToString(text);
  }
}

TEST(Utf8Test, EveryCodePointIsReadBack) {
  const auto encoded = [](char32_t c) {
    if (c < 0x80) return std::string{static_cast<char>(c)};
    std::string tail;
    for (char32_t limit = 0x40;; limit >>= 1) {
      tail.insert(tail.begin(), static_cast<char>(0x80 | (c & 0x3F)));
      c >>= 6;
      if (c < limit >> 1) return static_cast<char>(~(limit - 1) | c) + tail;
    }
  };
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    const std::string text = encoded(c);
    const bool surrogate = c >= 0xD800 && c < 0xE000;
    const Character character = FirstCharacter(text + "x");
    ASSERT_EQ(character.valid, !surrogate) << static_cast<std::uint32_t>(c);
    ASSERT_EQ(character.code_point, surrogate ? static_cast<unsigned char>(text[0]) : c);
    ASSERT_EQ(character.size, surrogate ? 1 : text.size());
    ASSERT_EQ(CharacterSize(text), surrogate ? 0 : text.size());
  }
  EXPECT_EQ(CharacterSize(""), 0u);
}

TEST(Utf8Test, CharactersAreCounted) {
  const std::string text = "a€äz";
  EXPECT_EQ(CountCharacters(""), 0u);
  EXPECT_EQ(CountCharacters(text), 4u);
  EXPECT_EQ(CharacterAt(text, 0), 0u);
  EXPECT_EQ(CharacterAt(text, 1), 1u);
  EXPECT_EQ(CharacterAt(text, 2), 4u);
  EXPECT_EQ(CharacterAt(text, 3), 6u);
  EXPECT_EQ(CharacterAt(text, 4), text.size());
  EXPECT_EQ(CharacterAt(text, 400), text.size());
}

}  // namespace
}  // namespace protogres::text
