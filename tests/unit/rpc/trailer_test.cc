#include "rpc/trailer.h"

#include <chrono>
#include <string>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "status/status.h"

namespace protogres::rpc {
namespace {

using testing::EndsWith;

std::size_t EncodedSize(const std::string& text) {
  std::size_t size = 0;
  for (const char c : text) size += c >= 0x20 && c <= 0x7e && c != '%' ? 1 : 3;
  return size;
}

std::size_t TrailerSize(const Trailer& trailer) {
  return EncodedSize(trailer.message) + (trailer.details.size() + 2) / 3 * 4;
}

TEST(TrailerTest, AnOrdinaryErrorIsWhole) {
  const auto status = status::BadRequest("customer.email", "is not an address");
  const Trailer trailer = MakeTrailer(status);
  EXPECT_EQ(trailer.message, "customer.email: is not an address");
  EXPECT_EQ(trailer.details, status::DetailsOf(status));
}

TEST(TrailerTest, WithoutDetailsThereAreNone) {
  const Trailer trailer = MakeTrailer(absl::NotFoundError("gone"));
  EXPECT_EQ(trailer.message, "gone");
  EXPECT_TRUE(trailer.details.empty());
}

TEST(TrailerTest, TheDelayOfRetryInfoIsThePushback) {
  const auto busy = status::Error(absl::StatusCode::kResourceExhausted, "busy", status::kQueueFull);
  EXPECT_FALSE(MakeTrailer(busy).pushback);
  EXPECT_EQ(MakeTrailer(status::WithRetry(busy, std::chrono::milliseconds(2100))).pushback,
            std::chrono::milliseconds(2100));
}

TEST(TrailerTest, ALongMessageIsCut) {
  const Trailer trailer = MakeTrailer(status::Error(absl::StatusCode::kInternal, std::string(100000, 'x'), "LONG"));
  EXPECT_EQ(trailer.message.size(), kMaxMessageBytes);
  EXPECT_THAT(trailer.message, EndsWith("x..."));
  EXPECT_LE(TrailerSize(trailer), kMaxTrailerBytes);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(trailer.details));
  google::rpc::ErrorInfo info;
  ASSERT_EQ(details.details_size(), 1);
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "LONG");
  EXPECT_EQ(details.code(), 13);
}

TEST(TrailerTest, AMessageOfExactlyTheLimitIsWhole) {
  const std::string message(kMaxMessageBytes, 'x');
  EXPECT_EQ(MakeTrailer(absl::InternalError(message)).message, message);
  EXPECT_NE(MakeTrailer(absl::InternalError(message + "x")).message, message + "x");
}

TEST(TrailerTest, CountsBytesAsTheyAreEncodedAndCutsAtACharacter) {
  std::string message;
  for (int i = 0; i < 5000; ++i) message += "é";
  const Trailer trailer = MakeTrailer(absl::InternalError(message));
  EXPECT_LE(EncodedSize(trailer.message), kMaxMessageBytes);
  EXPECT_GT(EncodedSize(trailer.message), kMaxMessageBytes - 10);
  const std::string kept = trailer.message.substr(0, trailer.message.size() - 3);
  EXPECT_EQ(kept.size() % 2, 0u);
  EXPECT_THAT(kept, EndsWith("é"));
}

TEST(TrailerTest, DropsTheLargestDetailsFirst) {
  const auto status = status::BadRequest("filter", std::string(3000, 'y'), "BAD_FILTER");
  const Trailer trailer = MakeTrailer(status);
  EXPECT_LE(TrailerSize(trailer), kMaxTrailerBytes);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(trailer.details));
  ASSERT_EQ(details.details_size(), 1);
  EXPECT_TRUE(details.details(0).Is<google::rpc::ErrorInfo>());
}

TEST(TrailerTest, EveryLengthFits) {
  for (std::size_t size = 0; size < 9000; size += 7) {
    EXPECT_LE(TrailerSize(MakeTrailer(status::BadRequest("path", std::string(size, '\n')))), kMaxTrailerBytes);
    EXPECT_LE(TrailerSize(MakeTrailer(status::BadRequest("path", std::string(size, 'a')))), kMaxTrailerBytes);
  }
}

}  // namespace
}  // namespace protogres::rpc
