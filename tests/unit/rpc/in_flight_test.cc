#include "rpc/in_flight.h"

#include <memory>
#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "status/status.h"

namespace protogres::rpc {
namespace {

std::shared_ptr<const db::Caller> CallerOf(const char* fingerprint) {
  auto caller = std::make_shared<db::Caller>();
  caller->identity = std::make_shared<const int>(0);
  caller->fingerprint = fingerprint;
  return caller;
}

TEST(InFlightTest, InAll) {
  EXPECT_TRUE(CheckInFlight(1'000'000, 0).ok());
  EXPECT_TRUE(CheckInFlight(9, 10).ok());
  const absl::Status many = CheckInFlight(10, 10);
  EXPECT_EQ(many.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status::ReasonOf(many), "TOO_MANY_CALLS");
  EXPECT_THAT(std::string(many.message()), testing::HasSubstr("--max_in_flight)"));
  EXPECT_TRUE(many.GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value());
}

TEST(InFlightTest, EachIdentityHasItsOwn) {
  InFlight calls(2);
  auto first = calls.Enter(CallerOf("a"));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ((*first)->fingerprint, "a");
  auto second = calls.Enter(CallerOf("a"));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(status::ReasonOf(calls.Enter(CallerOf("a")).status()), "TOO_MANY_CALLS");
  EXPECT_TRUE(calls.Enter(CallerOf("b")).ok());
  auto copy = *first;
  first = absl::StatusOr<std::shared_ptr<const db::Caller>>(nullptr);
  EXPECT_FALSE(calls.Enter(CallerOf("a")).ok()) << "a copy is left";
  copy.reset();
  EXPECT_TRUE(calls.Enter(CallerOf("a")).ok());
}

TEST(InFlightTest, WithoutAnIdentityOrALimitThereIsNone) {
  InFlight limited(1);
  const auto nobody = std::make_shared<const db::Caller>();
  auto first = limited.Enter(nobody);
  auto second = limited.Enter(nobody);
  EXPECT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(*limited.Enter(nullptr), nullptr);
  InFlight unlimited(0);
  const auto caller = CallerOf("a");
  EXPECT_EQ(*unlimited.Enter(caller), caller);
}

TEST(InFlightTest, ACallMayOutliveIt) {
  std::optional<InFlight> calls(std::in_place, 1);
  auto call = calls->Enter(CallerOf("a"));
  calls.reset();
  EXPECT_EQ((*call)->fingerprint, "a");
}

}  // namespace
}  // namespace protogres::rpc
