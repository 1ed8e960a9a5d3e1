// The options of a transaction.
#include "transaction/transaction.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace protogres::transaction {
namespace {

absl::StatusOr<db::SessionOptions> LockTimeout(std::int64_t seconds, std::int32_t nanos) {
  protogres::v1::TransactionOptions options;
  options.mutable_lock_timeout()->set_seconds(seconds);
  options.mutable_lock_timeout()->set_nanos(nanos);
  return ToSessionOptions(options);
}

TEST(TransactionOptionsTest, ALockTimeoutIsWhatPostgresqlTakes) {
  EXPECT_EQ(LockTimeout(1, 500'000'000)->lock_timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(LockTimeout(2'147'483, 647'999'999)->lock_timeout, std::chrono::milliseconds(2'147'483'647));
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  for (const auto& [seconds, nanos] : std::initializer_list<std::pair<std::int64_t, std::int32_t>>{
           {kLeast, 0}, {kMost, 0}, {-1, 0}, {0, 999'999}, {0, -1}, {1, 1'000'000'000}, {2'147'483, 648'000'000}}) {
    EXPECT_EQ(LockTimeout(seconds, nanos).status().code(), absl::StatusCode::kInvalidArgument)
        << seconds << " s and " << nanos << " ns";
  }
}

}  // namespace
}  // namespace protogres::transaction
