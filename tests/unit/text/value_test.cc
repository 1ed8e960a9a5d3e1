#include "text/value.h"

#include <cstdint>
#include <limits>
#include <string>

#include "gtest/gtest.h"
#include "text/hash.h"
#include "text/hex.h"
#include "text/number.h"

namespace protogres::text {
namespace {

using namespace std::string_literals;

TEST(ValueTest, Uuid) {
  for (const char* text : {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
                           "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", "a0eebc999c0b4ef8bb6d6bb9bd380a11",
                           "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}"}) {
    EXPECT_TRUE(IsUuid(text)) << text;
  }
  for (const char* text : {"", "{}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111",
                           "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11",
                           "-a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-",
                           "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", " a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                           "a-0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}) {
    EXPECT_FALSE(IsUuid(text)) << text;
  }
}

TEST(ValueTest, Numeric) {
  for (const char* text : {"0", "-12.50", "+1", ".5", "5.", "1e6", "1E-6", "1.5e+10"}) {
    EXPECT_TRUE(IsDecimal(text)) << text;
    EXPECT_TRUE(IsNumeric(text)) << text;
  }
  for (const char* text : {"NaN", "Infinity", "-Infinity", "+Infinity"}) {
    EXPECT_FALSE(IsDecimal(text)) << text;
    EXPECT_TRUE(IsNumeric(text)) << text;
  }
  for (const char* text :
       {"", "-", ".", "1,5", " 1", "1 ", "1e", "1e+", "e5", "--1", "0x10", "1_000", "nan1", "$5", "1.2.3", "-NaN"}) {
    EXPECT_FALSE(IsNumeric(text)) << text;
  }
}

TEST(NumberTest, AllOfTheText) {
  EXPECT_EQ(ParseNumber<int>("-12"), -12);
  EXPECT_EQ(ParseNumber<double>("1e3"), 1000);
  EXPECT_EQ(ParseNumber<double>("-Infinity"), -std::numeric_limits<double>::infinity());
  for (const char* text : {"", " 1", "1 ", "+1", "1.0", "0x10", "1e3", "2147483648", "--1", "-"}) {
    EXPECT_FALSE(ParseNumber<int>(text)) << text;
  }
  EXPECT_FALSE(ParseNumber<unsigned>("-1"));
  EXPECT_FALSE(ParseNumber<float>("1e39"));
}

TEST(HexTest, ThereAndBack) {
  EXPECT_EQ(ToHex("\x00\xff\x0a"s), "\\x00ff0a");
  std::string bytes = "before";
  EXPECT_TRUE(AppendUnhexed("\\x00FF0a", &bytes));
  EXPECT_EQ(bytes, "before\x00\xff\x0a"s);
  for (const char* text : {"", "x", "\\x0", "\\x0g", "00ff", "\\001"})
    EXPECT_FALSE(AppendUnhexed(text, &bytes)) << text;
}

// Of the test vectors of FNV's authors.
TEST(HashTest, IsFnv1a) {
  EXPECT_EQ(Hash<std::uint32_t>().value(), 0x811c9dc5u);
  EXPECT_EQ(Hash<std::uint32_t>().Add("foobar").value(), 0xbf9cf968u);
  EXPECT_EQ(Hash<std::uint64_t>().value(), 0xcbf29ce484222325u);
  EXPECT_EQ(Hash<std::uint64_t>().Add("foobar").value(), 0x85944171f73967e8u);
  EXPECT_NE(Hash<std::uint64_t>().AddText("ab").AddText("c").value(),
            Hash<std::uint64_t>().AddText("a").AddText("bc").value());
}

}  // namespace
}  // namespace protogres::text
