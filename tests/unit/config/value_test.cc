#include "config/value.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace protogres::config {
namespace {

using std::chrono::milliseconds;
using Names = std::vector<std::string>;

TEST(ParseIntegerTest, TakesWholeDecimalNumbersOnly) {
  EXPECT_EQ(ParseInteger("0"), 0);
  EXPECT_EQ(ParseInteger("-12"), -12);
  EXPECT_EQ(ParseInteger("9223372036854775807"), 9223372036854775807);
  for (const char* text : {"", " 1", "1 ", "+1", "1.0", "0x10", "1e3", "9223372036854775808", "--1", "-"}) {
    EXPECT_FALSE(ParseInteger(text).has_value()) << text;
  }
}

TEST(ParseDurationTest, TakesSecondsAndUnits) {
  EXPECT_EQ(ParseDuration("1500"), milliseconds(1'500'000));
  EXPECT_EQ(ParseDuration("0"), milliseconds(0));
  EXPECT_EQ(ParseDuration("0.25"), milliseconds(250));
  EXPECT_EQ(ParseDuration("1.5h"), milliseconds(5'400'000));
  EXPECT_EQ(ParseDuration("250ms"), milliseconds(250));
  EXPECT_EQ(ParseDuration("30s"), milliseconds(30'000));
  EXPECT_EQ(ParseDuration("5m"), milliseconds(300'000));
  EXPECT_EQ(ParseDuration("1.000000000"), milliseconds(1000));
}

TEST(ParseDurationTest, RefusesWhatItWouldHaveToRoundOrGuess) {
  for (const char* text : {"", "s", "ms", ".5", "5.", "-1", "1 s", "1d", "1S", "0.5ms", "0.0001", "1.5.5", "1e3", "5 m",
                           "9223372036854775807", "9223372036854775807h", "1.0000000001", "inf", "nan"}) {
    EXPECT_FALSE(ParseDuration(text).has_value()) << text;
  }
}

TEST(FormatDurationTest, ReadsBack) {
  for (const int count : {0, 1, 999, 1000, 1500, 1'500'000}) {
    EXPECT_EQ(ParseDuration(FormatDuration(milliseconds(count))), milliseconds(count));
  }
  EXPECT_EQ(FormatDuration(milliseconds(1'500'000)), "1500s");
  EXPECT_EQ(FormatDuration(milliseconds(1500)), "1500ms");
}

TEST(ParseBytesTest, TakesUnits) {
  EXPECT_EQ(ParseBytes("4194304"), 4194304);
  EXPECT_EQ(ParseBytes("4MiB"), 4194304);
  EXPECT_EQ(ParseBytes("4M"), 4194304);
  EXPECT_EQ(ParseBytes("1KiB"), 1024);
  EXPECT_EQ(ParseBytes("2GiB"), std::int64_t{2} << 30);
  for (const char* text : {"", "-1", "MiB", "4MB", "4 MiB", "4m", "1.5MiB", "9223372036854775807K"}) {
    EXPECT_FALSE(ParseBytes(text).has_value()) << text;
  }
}

TEST(ParseSwitchTest, KnowsItsWords) {
  EXPECT_EQ(ParseSwitch("on"), true);
  EXPECT_EQ(ParseSwitch("true"), true);
  EXPECT_EQ(ParseSwitch("off"), false);
  EXPECT_EQ(ParseSwitch("0"), false);
  for (const char* text : {"", "ON", "2", "enabled"}) EXPECT_FALSE(ParseSwitch(text).has_value()) << text;
}

TEST(ParseListTest, SplitsAtCommasOutsideQuotes) {
  EXPECT_EQ(ParseList("public"), Names({"public"}));
  EXPECT_EQ(ParseList("a,b c,D"), Names({"a", "b c", "D"}));
  EXPECT_EQ(ParseList(R"("a,b","say ""hi""")"), Names({"a,b", "say \"hi\""}));
  for (const char* text : {"", ",", "a,", ",a", "a,,b", "\"a", "\"\""}) {
    EXPECT_FALSE(ParseList(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace protogres::config
