#include "rpc/grpc_log.h"

#include <chrono>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::Optional;

TEST(AboutMetadataTest, HasNoValue) {
  EXPECT_THAT(AboutMetadata("Error parsing metadata: error=invalid value key=te value=secret"),
              Optional(std::string("Error parsing metadata: error=invalid value key=te")));
  EXPECT_THAT(AboutMetadata("Error parsing metadata: error=invalid value key=a\nb value=c value=d"),
              Optional(std::string("Error parsing metadata: error=invalid value key=a\\x0ab")));
  EXPECT_EQ(AboutMetadata("Handshake failed"), std::nullopt);
}

TEST(LineLimitTest, AdmitsAFewASecondAndCountsTheOthers) {
  LineLimit limit(2);
  const steady_clock::time_point begin{};
  EXPECT_THAT(limit.Admit(begin), Optional(0));
  EXPECT_THAT(limit.Admit(begin + milliseconds(10)), Optional(0));
  EXPECT_EQ(limit.Admit(begin + milliseconds(20)), std::nullopt);
  EXPECT_EQ(limit.Admit(begin + milliseconds(999)), std::nullopt);
  EXPECT_THAT(limit.Admit(begin + milliseconds(1000)), Optional(2));
  EXPECT_THAT(limit.Admit(begin + milliseconds(1001)), Optional(0));
  EXPECT_EQ(limit.Admit(begin + milliseconds(1002)), std::nullopt);
}

}  // namespace
}  // namespace protogres::rpc
