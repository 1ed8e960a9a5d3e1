#include <limits>
#include <random>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sql/page.h"
#include "status/status.h"
#include "unit/sql/fixture.h"

namespace protogres::sql {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kFingerprint = 0xfedcba9876543210;

void ExpectRefused(std::string_view token, std::uint64_t fingerprint = kFingerprint, std::size_t columns = 3) {
  const auto position = DecodeToken(token, fingerprint, columns);
  ASSERT_FALSE(position.ok()) << token;
  EXPECT_EQ(position.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status::ReasonOf(position.status()), "INVALID_PAGE_TOKEN");
}

const Position& Example() {
  static const Position position{{"5", std::nullopt, "日本 \"x\""}, 300};
  return position;
}

TEST(PageTokenTest, RoundTrip) {
  EXPECT_EQ(*DecodeToken(EncodeToken(kFingerprint, Example()), kFingerprint, 3), Example());
  const Position large{{std::string(100'000, 'x'), ""}};
  EXPECT_EQ(*DecodeToken(EncodeToken(0, large), 0, 2), large);
  const Position counted{{}, std::int64_t{1} << 40};
  EXPECT_EQ(*DecodeToken(EncodeToken(0, counted), 0, 2), counted);
}

TEST(PageTokenTest, IsSafeInAUrl) {
  EXPECT_EQ(EncodeToken(~0ull, {{std::string(100, '\x7f')}})
                .find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
}

TEST(PageTokenTest, AnyChangeIsRefused) {
  const std::string token = EncodeToken(kFingerprint, Example());
  for (std::size_t i = 0; i < token.size(); ++i) {
    ExpectRefused(token.substr(0, i));
    ExpectRefused(token.substr(i + 1));
    for (const char c : {'A', 'B', '_', '=', ' ', '\0', '\xff'}) {
      std::string changed = token;
      changed[i] = c;
      if (changed != token) ExpectRefused(changed);
    }
  }
  ExpectRefused(token + "A");
  ExpectRefused(token + "=");
  ExpectRefused(" " + token);
}

TEST(PageTokenTest, OfAnotherCallIsRefused) {
  const std::string token = EncodeToken(kFingerprint, Example());
  ExpectRefused(token, kFingerprint + 1);
  EXPECT_THAT(std::string(DecodeToken(token, 1, 3).status().message()),
              HasSubstr("page_token: the token is of a call"));
  ExpectRefused(token, kFingerprint, 2);
  ExpectRefused(token, kFingerprint, 4);
}

TEST(PageTokenTest, ForgedContentIsRefused) {
  ExpectRefused(EncodeToken(kFingerprint, {{"a", "b", "c"}, std::numeric_limits<std::int64_t>::max() - 1}));
  ExpectRefused(EncodeToken(kFingerprint, {{"a", "b", "c"}, -1}));
  ExpectRefused(EncodeToken(kFingerprint, {{"a", "b", std::string("c\0", 2)}}));
  ExpectRefused(EncodeToken(kFingerprint, {{"a", "b", "\xff"}}));
}

TEST(PageTokenTest, NoiseIsRefused) {
  std::mt19937 random(1);
  for (int i = 0; i < 1'000; ++i) {
    std::string noise(random() % 60, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    ExpectRefused(noise);
  }
}

// The fingerprint of a call without relations.
std::uint64_t Of(const contract::Table& table, std::string_view filter, std::string_view order_by, bool show_deleted) {
  const auto named = ParseOrderBy({}, table, order_by);
  const RowOrder order = TotalOrder(table, named.ok() ? *named : std::vector<OrderTerm>());
  return Fingerprint(table, order, filter, order_by, show_deleted);
}

TEST(FingerprintTest, IsTheSameEverywhereAndTellsArgumentsApart) {
  const contract::Contract contract = MakeContract();
  const contract::Table& item = contract.tables[1];
  const std::uint64_t one = Of(item, "line = 1", "note", false);
  // A number, so that a change of the hash, which would break the tokens that clients hold, is seen.
  EXPECT_EQ(one, 4052777670374683049u);
  EXPECT_NE(one, Of(item, "line = 2", "note", false));
  EXPECT_NE(one, Of(item, "line = 1", "note desc", false));
  EXPECT_NE(one, Of(item, "line = 1", "note", true));
  EXPECT_NE(one, Of(contract.tables[2], "line = 1", "note", false));
  EXPECT_NE(Of(item, "a", "b", false), Of(item, "ab", "", false));
}

TEST(FingerprintTest, FollowsTheColumnsOfTheOrderOnly) {
  const contract::Contract contract = MakeContract();
  contract::Table item = contract.tables[1];
  const std::uint64_t before = Of(item, "", "note", false);
  Add(MakeField("more", TextType()), &item);
  EXPECT_EQ(Of(item, "", "note", false), before);
  item.fields[2].type.sql_type = "\"pg_catalog\".\"int4\"";
  EXPECT_NE(Of(item, "", "note", false), before);
}

TEST(FingerprintTest, TellsAPositionFromAPlaceInAnotherOrder) {
  const contract::Contract contract = MakeContract();
  contract::Table log = contract.tables[2];
  const std::uint64_t counted = Of(log, "", "", false);
  log.positioned = true;
  const std::uint64_t placed = Of(log, "", "", false);
  log.key = {0, 1, 2};
  EXPECT_NE(counted, placed);
  EXPECT_NE(Of(log, "", "", false), counted);
  EXPECT_NE(Of(log, "", "", false), placed);
}

}  // namespace
}  // namespace protogres::sql
