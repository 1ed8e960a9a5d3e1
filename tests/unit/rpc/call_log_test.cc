#include "rpc/call_log.h"

#include <chrono>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "rpc/access_log.h"
#include "status/reason.h"
#include "status/status.h"

namespace protogres::rpc {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr char kTraceparent00[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string Line(const std::string& method, const absl::Status& status, std::string_view traceparent) {
  const EndedCall call{.method = method,
                       .type = "unary",
                       .status = status,
                       .took = microseconds(1234),
                       .received_bytes = 2,
                       .sent_bytes = 30,
                       .peer = "ipv4:127.0.0.1:4711",
                       .traceparent = traceparent,
                       .statements = "0.1 ms SELECT 1"};
  return AccessLine(call,
                    std::chrono::system_clock::time_point(std::chrono::seconds(1'777'888'999) + microseconds(42)));
}

TEST(AccessLineTest, HasWhatIsKnownOfACall) {
  EXPECT_EQ(Line("/shop.v1.ItemService/GetItem", absl::OkStatus(), kTraceparent00),
            R"({"time":"2026-05-04T10:03:19.000042Z","method":"/shop.v1.ItemService/GetItem","code":"OK",)"
            R"("duration_ms":1.234,"received_bytes":2,"sent_bytes":30,"peer":"ipv4:127.0.0.1:4711",)"
            R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"})");
}

TEST(AccessLineTest, HasTheReasonOfAnErrorAndNotItsMessage) {
  const auto line = nlohmann::json::parse(
      Line("/shop.v1.ItemService/GetItem",
           status::Error(absl::StatusCode::kUnavailable, "the secret value", status::kNotReady), "no trace"));
  EXPECT_EQ(line["code"], "UNAVAILABLE");
  EXPECT_EQ(line["reason"], status::kNotReady);
  EXPECT_FALSE(line.contains("trace_id"));
  EXPECT_THAT(line.dump(), testing::Not(testing::HasSubstr("secret")));
}

TEST(AccessLineTest, IsOneLineOfJsonWhateverAClientSends) {
  const std::string method = "/a\"b\\c\nd\xff/é";
  const std::string line = Line(method, absl::OkStatus(), "\"\n");
  EXPECT_THAT(line, testing::Not(testing::HasSubstr("\n")));
  EXPECT_EQ(nlohmann::json::parse(line)["method"], "/a\"b\\c\nd\xEF\xBF\xBD/é");
}

TEST(CallLogTest, WantsWhatIsAskedFor) {
  const CallLog none({});
  EXPECT_FALSE(none.Wants(absl::StatusCode::kOk, std::chrono::hours(1)));
  EXPECT_TRUE(none.Wants(absl::StatusCode::kInternal, microseconds(1))) << "it is logged at the level of errors";
  const CallLog slow({.slow_call = milliseconds(100)});
  EXPECT_FALSE(slow.Wants(absl::StatusCode::kOk, milliseconds(99)));
  EXPECT_TRUE(slow.Wants(absl::StatusCode::kOk, milliseconds(100)));
}

}  // namespace
}  // namespace protogres::rpc
