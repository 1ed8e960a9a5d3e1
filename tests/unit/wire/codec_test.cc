// The parts below rows: the wire format itself, decimals, arrays and records.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "text/quote.h"
#include "wire/array.h"
#include "wire/decimal.h"
#include "wire/reader.h"
#include "wire/writer.h"

namespace protogres::wire {
namespace {

using namespace std::string_literals;

TEST(Wire, WritesAndReadsEveryWireType) {
  std::string bytes;
  AppendVarintField(1, 0, &bytes);
  AppendVarintField(15, 127, &bytes);
  AppendVarintField(16, 128, &bytes);
  AppendVarintField(2, std::numeric_limits<std::uint64_t>::max(), &bytes);
  AppendFixed32Field(3, 0x01020304, &bytes);
  AppendFixed64Field(4, 0x0102030405060708, &bytes);
  AppendBytesField(536870911, "abc", &bytes);
  Reader reader(bytes);
  const std::uint64_t values[] = {
      0, 127, 128, std::numeric_limits<std::uint64_t>::max(), 0x01020304, 0x0102030405060708};
  const int numbers[] = {1, 15, 16, 2, 3, 4};
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(reader.Next());
    EXPECT_EQ(reader.number(), numbers[i]);
    EXPECT_EQ(reader.value(), values[i]);
  }
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.number(), 536870911);
  EXPECT_EQ(reader.bytes(), "abc");
  EXPECT_FALSE(reader.Next());
  EXPECT_FALSE(reader.failed());
}

TEST(Wire, NestedFieldsOfAnyLength) {
  for (const std::size_t size : {0u, 1u, 127u, 128u, 16383u, 16384u, 3000000u}) {
    std::string bytes = "before";
    const std::size_t outer = BeginBytesField(7, &bytes);
    const std::size_t inner = BeginBytesField(300, &bytes);
    bytes.append(size, 'x');
    EndBytesField(inner, &bytes);
    EndBytesField(outer, &bytes);
    Reader reader(std::string_view(bytes).substr(6));
    ASSERT_TRUE(reader.Next());
    EXPECT_EQ(reader.number(), 7);
    Reader nested(reader.bytes());
    ASSERT_TRUE(nested.Next());
    EXPECT_EQ(nested.number(), 300);
    EXPECT_EQ(nested.bytes(), std::string(size, 'x'));
    EXPECT_FALSE(nested.Next());
    EXPECT_FALSE(reader.Next());
    EXPECT_FALSE(reader.failed() || nested.failed());
  }
}

TEST(Wire, MalformedBytes) {
  const std::string cases[] = {
      "\x08",                                              // a tag without a value
      "\x80",                                              // half a tag
      "\x00\x01"s,                                         // field number 0
      "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  // a varint of 11 bytes
      "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",      // a varint of 65 bits
      "\x0a\x05"
      "abc",                                           // fewer bytes than announced
      "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  // a length of 2^64 - 1
      "\x0d\x01\x02\x03",                              // fixed32, truncated
      "\x09\x01\x02\x03\x04\x05\x06\x07",              // fixed64, truncated
      "\x0b\x0c",                                      // a group
      "\x0c",                                          // the end of a group
      "\x0e",                                          // wire type 6
      "\x0f",                                          // wire type 7
      "\x88\x80\x80\x80\x80\x01\x01",                  // a tag past 32 bits
  };
  for (const std::string& bytes : cases) {
    Reader reader(bytes);
    EXPECT_FALSE(reader.Next()) << testing::PrintToString(bytes);
    EXPECT_TRUE(reader.failed()) << testing::PrintToString(bytes);
    EXPECT_FALSE(reader.Next());
  }
}

TEST(Decimal, WhatSurvivesADouble) {
  const auto survives = [](const char* text) { return SurvivesDouble(text, std::strtod(text, nullptr)); };
  for (const char* text :
       {"0", "-0", "0.0", "0e999999999999", "1.10", "1e2", "100", "0.1", "-2.5E-3", "9007199254740991", "1e300",
        "5e-324", "1.7976931348623157e308", "1000000000000000000000", "0.30000000000000004", "123456789012345680000"}) {
    EXPECT_TRUE(survives(text)) << text;
  }
  for (const char* text :
       {"0.1000000000000000055", "12345678901234567890", "1e400", "1e-400", "9007199254740993", "1152921504606846976",
        "0.1000000000000000000000000000000000000001", "1e99999999999999999999", "1e-99999999999999999999", "4e-324"}) {
    EXPECT_FALSE(survives(text)) << text;
  }
  EXPECT_FALSE(SurvivesDouble("1", std::nan("")));
}

TEST(Decimal, JsonNumbersSurviveTheirOwnText) {
  const auto text = [](double value) {
    std::string out;
    AppendJsonNumber(value, &out);
    return out;
  };
  EXPECT_EQ(text(0), "0");
  EXPECT_EQ(text(-1), "-1");
  EXPECT_EQ(text(1500), "1500");
  EXPECT_EQ(text(0.1), "0.1");
  EXPECT_EQ(text(123456.75), "123456.75");
  EXPECT_EQ(text(99999999999999984.0), "99999999999999980");
  EXPECT_EQ(text(1e16), "10000000000000000");
  EXPECT_EQ(text(1e17), "1e+17");
  EXPECT_EQ(text(36028797018963976.0), "36028797018963976");
  std::uint64_t bits = 88172645463325252u;
  for (int i = 0; i < 100000; ++i) {
    bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
    double value;
    static_assert(sizeof(value) == sizeof(bits));
    std::memcpy(&value, &bits, sizeof(value));
    // Also numbers in the range where plain and scientific forms meet.
    for (const double number :
         {value, std::trunc(static_cast<double>(bits) / 64), static_cast<double>(bits >> (bits & 63))}) {
      if (!std::isfinite(number)) continue;
      const std::string shown = text(number);
      EXPECT_EQ(std::strtod(shown.c_str(), nullptr), number) << shown;
      EXPECT_TRUE(SurvivesDouble(shown, number)) << shown;
    }
  }
}

std::string Elements(std::string_view text, char delimiter = ',') {
  ArrayReader reader(text, delimiter);
  std::string out;
  while (reader.Next()) out += fmt::format("<{}>", reader.element().value_or("null"));
  constexpr const char* kProblems[] = {"", "!malformed", "!dimensions", "!bounds"};
  return out + kProblems[static_cast<int>(reader.problem())];
}

TEST(Arrays, Elements) {
  EXPECT_EQ(Elements("{}"), "");
  EXPECT_EQ(Elements("{1,2}"), "<1><2>");
  EXPECT_EQ(Elements("{NULL,null,\"NULL\",nul}"), "<null><null><NULL><nul>");
  EXPECT_EQ(Elements(R"({"","a b","a\"b","c\\d","{e}",f})"), R"(<><a b><a"b><c\d><{e}><f>)");
  EXPECT_EQ(Elements("{(1,1),(0,0);(2,2),(0,0)}", ';'), "<(1,1),(0,0)><(2,2),(0,0)>");
  EXPECT_EQ(Elements("{{1,2},{3,4}}"), "!dimensions");
  EXPECT_EQ(Elements("[0:2]={1,2,3}"), "!bounds");
  for (const char* text :
       {"", "1,2", "{", "{1", "{1,", "{1,}", "{,1}", "{\"a}", "{\"a\\", "{\"a\"b}", "{1}x", "{}x", "{a\"b}"}) {
    EXPECT_TRUE(Elements(text).ends_with("!malformed")) << text;
  }
}

std::string Attributes(std::string_view text) {
  RecordReader reader(text);
  std::string out;
  while (reader.Next()) out += fmt::format("<{}>", reader.attribute().value_or("null"));
  return out + (reader.failed() ? "!" : "");
}

TEST(Records, Attributes) {
  EXPECT_EQ(Attributes("()"), "<null>");
  EXPECT_EQ(Attributes("(,)"), "<null><null>");
  EXPECT_EQ(Attributes("(a,\"\",)"), "<a><><null>");
  EXPECT_EQ(Attributes(R"x((a,"b ""c""",))x"), R"(<a><b "c"><null>)");
  EXPECT_EQ(Attributes(R"x(("a\\b","a\"b",a\,b,x"y,z"))x"), R"(<a\b><a"b><a,b><xy,z>)");
  EXPECT_EQ(Attributes(R"x(("(1,""x"")"))x"), R"x(<(1,"x")>)x");
  for (const char* text : {"", "a", "(", "(a", "(\"a)", "(a)x", "(a\\"})
    EXPECT_TRUE(Attributes(text).ends_with("!")) << text;
}

TEST(Arrays, QuotedTextIsReadBack) {
  std::string every;
  for (int c = 1; c < 256; ++c) every.push_back(static_cast<char>(c));
  for (const std::string& text : {""s, "NULL"s, "\"\\"s, every}) {
    std::string quoted;
    text::AppendQuotedElement(text, &quoted);
    EXPECT_EQ(Elements(fmt::format("{{{}}}", quoted)), fmt::format("<{}>", text));
    EXPECT_EQ(Attributes(fmt::format("({})", quoted)), fmt::format("<{}>", text));
  }
}

}  // namespace
}  // namespace protogres::wire
