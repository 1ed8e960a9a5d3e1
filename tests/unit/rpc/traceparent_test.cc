#include "rpc/traceparent.h"

#include <fmt/format.h>

#include <string>

#include "gtest/gtest.h"

namespace protogres::rpc {
namespace {

constexpr char kTrace[] = "4bf92f3577b34da6a3ce929d0e0e4736";

std::string Value(const std::string& version, const std::string& trace, const std::string& parent = "00f067aa0ba902b7",
                  const std::string& flags = "01") {
  return fmt::format("{}-{}-{}-{}", version, trace, parent, flags);
}

TEST(TraceparentTest, ReadsTheIdOfTheTrace) {
  const std::string value = Value("00", kTrace);
  EXPECT_EQ(TraceId(value), kTrace);
  EXPECT_EQ(TraceId(Value("00", kTrace, "00f067aa0ba902b7", "00")).has_value(), true);
}

TEST(TraceparentTest, ReadsWhatLaterVersionsHaveInCommon) {
  EXPECT_TRUE(TraceId(Value("01", kTrace)).has_value());
  EXPECT_TRUE(TraceId(Value("cc", kTrace) + "-what-the-future-will-be").has_value());
  EXPECT_FALSE(TraceId(Value("cc", kTrace) + ".what").has_value());
  EXPECT_FALSE(TraceId(Value("00", kTrace) + "-more").has_value()) << "version 00 has no more";
}

TEST(TraceparentTest, IgnoresWhatIsNotWhatTheStandardSays) {
  const std::string zeros32(32, '0');
  for (const std::string& value :
       {std::string(), std::string("00"), std::string(kTrace), std::string(55, '-'), Value("ff", kTrace),
        Value("00", zeros32), Value("00", kTrace, "0000000000000000"), Value("00", "4BF92F3577B34DA6A3CE929D0E0E4736"),
        Value("00", std::string(kTrace, 31) + "g"), Value("0x", kTrace), Value("00", kTrace, "00f067aa0ba902b7", "0 "),
        Value("00", std::string(kTrace, 31)), fmt::format(" {}", Value("00", kTrace)), Value("00", kTrace) + " ",
        fmt::format("00_{}-00f067aa0ba902b7-01", kTrace), fmt::format("00-{}-00f067aa0ba902b7_01", kTrace)}) {
    EXPECT_FALSE(TraceId(value).has_value()) << value;
  }
}

}  // namespace
}  // namespace protogres::rpc
