#include "text/timestamp.h"

#include <string>

#include "gtest/gtest.h"

namespace protogres::text {
namespace {

struct Case {
  const char* text;
  std::int64_t seconds;
  std::int32_t nanos;
};

void ExpectReadBack(TimestampForm form, const Case& expected) {
  Timestamp value;
  ASSERT_TRUE(ParseTimestamp(expected.text, form, &value)) << expected.text;
  EXPECT_EQ(value.seconds, expected.seconds) << expected.text;
  EXPECT_EQ(value.nanos, expected.nanos) << expected.text;
  std::string out;
  AppendTimestamp(value, &out);
  Timestamp again;
  ASSERT_TRUE(ParseTimestamp(out, TimestampForm::kPostgres, &again)) << out;
  EXPECT_EQ(again, value);
}

TEST(TimestampTest, Postgres) {
  for (const Case& expected : std::initializer_list<Case>{
           {"1970-01-01 00:00:00+00", 0, 0},
           {"1970-01-01 00:00:00", 0, 0},
           {"1969-12-31 23:59:59.999999+00", -1, 999999000},
           {"0001-01-01 00:00:00+00", kMinSeconds, 0},
           {"9999-12-31 23:59:59.999999+00", kMaxSeconds, 999999000},
           {"2024-02-29 04:05:06.1+00", 1709179506, 100000000},
           {"2024-02-03 05:35:06+01:30", 1706933106, 0},
           {"2024-02-03 04:05:06.000001", 1706933106, 1000},
           {"1890-01-01 00:00:00-00:25:21", -2524520079, 0},
       }) {
    ExpectReadBack(TimestampForm::kPostgres, expected);
  }
  Timestamp value;
  for (const char* text :
       {"", "infinity", "-infinity", "10000-01-01 00:00:00+00", "0001-01-01 00:00:00+00 BC", "0000-01-01 00:00:00+00",
        "2023-02-29 00:00:00+00", "2024-13-01 00:00:00", "2024-01-01 24:00:00", "2024-01-01", "2024-01-01T00:00:00Z",
        "2024-01-01 00:00:00.1234567", "2024-01-01 00:00:00.1234560", "2024-01-01 00:00:00.", "2024-01-01 00:00:00+0",
        "9999-12-31 23:59:59-01", "0001-01-01 00:00:00+01", "2024-01-01 00:00:60", "2024-01-01 00:00:00+00:"}) {
    EXPECT_FALSE(ParseTimestamp(text, TimestampForm::kPostgres, &value)) << text;
  }
  std::string out;
  AppendTimestamp({kMinSeconds, 1000}, &out);
  EXPECT_EQ(out, "0001-01-01 00:00:00.000001+00");
}

TEST(TimestampTest, Rfc3339) {
  for (const Case& expected : std::initializer_list<Case>{
           {"1970-01-01T00:00:00Z", 0, 0},
           {"1970-01-01t00:00:00z", 0, 0},
           {"1970-01-02", 86400, 0},
           {"1970-01-01 00:00:00", 0, 0},
           {"2024-02-03T05:35:06.25+01:30", 1706933106, 250000000},
           {"2024-02-03T04:05:06.123456000Z", 1706933106, 123456000},
           {"2016-12-31T23:59:60Z", 1483228800, 0},
           {"0001-01-01", kMinSeconds, 0},
           {"9999-12-31T23:59:59.999999Z", kMaxSeconds, 999999000},
       }) {
    ExpectReadBack(TimestampForm::kRfc3339, expected);
  }
  Timestamp value;
  for (const char* text : {"2024-02-30",
                           "2023-02-29",
                           "2024-13-01",
                           "0000-01-01",
                           "0000-12-31T23:59:59-01:00",
                           "2024-05-01T24:00:00Z",
                           "2024-05-01T10:00Z",
                           "2024-05-01T10:00:00.",
                           "2024-05-01T10:00:00.0000001Z",
                           "2024-05-01T10:00:00+2",
                           "2024-05-01T10:00:00+02",
                           "2024-05-01T10:00:00+02:00:00",
                           "2024-05-01T10:00:00+24:00",
                           "2024-05-01T10:00:00+01:60",
                           "2024-05-01T10:00:00ZZ",
                           "2024-05-01T",
                           "now",
                           "0001-01-01T00:00:00+01:00",
                           "9999-12-31T23:59:59-01:00",
                           "9999-12-31T23:59:60Z",
                           "2024-5-1",
                           ""}) {
    EXPECT_FALSE(ParseTimestamp(text, TimestampForm::kRfc3339, &value)) << text;
  }
}

}  // namespace
}  // namespace protogres::text
