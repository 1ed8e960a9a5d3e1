#include "crud/match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace protogres::crud {
namespace {

using contract::Kind;

class Stored : public db::Rows::Source {
 public:
  explicit Stored(std::vector<std::vector<sql::Param>> cells) : cells_(std::move(cells)) {}

  std::int64_t rows() const override { return static_cast<std::int64_t>(cells_.size()); }
  int columns() const override { return 3; }
  std::int64_t affected() const override { return rows(); }
  std::optional<std::string_view> Cell(std::int64_t row, int column) const override {
    const sql::Param& cell = cells_[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
    return cell.has_value() ? std::optional<std::string_view>(*cell) : std::nullopt;
  }

 private:
  const std::vector<std::vector<sql::Param>> cells_;
};

// item(id bigint, name text, value ...), of which the callers send name and value.
class MatchTest : public testing::Test {
 protected:
  MatchTest() {
    table_.fields.resize(3);
    table_.fields[0].type.kind = Kind::kInt64;
  }

  bool InOrder(const std::vector<sql::Row>& sent, std::vector<std::vector<sql::Param>> stored) const {
    return IsInOrder(table_, sent, db::Rows(std::make_shared<Stored>(std::move(stored))));
  }

  static sql::Row Sent(sql::Param name, sql::Param value) { return {{1, std::move(name)}, {2, std::move(value)}}; }

  contract::Type& value() { return table_.fields[2].type; }

  contract::Table table_;
};

TEST_F(MatchTest, RowsInTheirOrder) {
  EXPECT_TRUE(InOrder({Sent("a", "1"), Sent("b", "2")}, {{"1", "a", "1"}, {"2", "b", "2"}}));
  EXPECT_TRUE(InOrder({Sent("a", std::nullopt), Sent("a", "2")}, {{"1", "a", std::nullopt}, {"2", "a", "2"}}));
  EXPECT_TRUE(InOrder({Sent("a", "1")}, {{"7", "changed", "9"}})) << "of one row there is only one order";
}

TEST_F(MatchTest, AnotherOrder) {
  EXPECT_FALSE(InOrder({Sent("a", "1"), Sent("b", "2")}, {{"1", "b", "2"}, {"2", "a", "1"}}));
  EXPECT_FALSE(InOrder({Sent("a", "1"), Sent("a", "2")}, {{"1", "a", "2"}, {"2", "a", "1"}}));
}

TEST_F(MatchTest, ARowThatIsMissing) {
  EXPECT_FALSE(InOrder({Sent("a", "1"), Sent("b", "2")}, {{"1", "a", "1"}}));
  EXPECT_FALSE(InOrder({Sent("a", "1")}, {}));
}

TEST_F(MatchTest, WhatATriggerChangesTellsNothing) {
  EXPECT_TRUE(InOrder({Sent("A", "1"), Sent("B", "2")}, {{"1", "a", "1"}, {"2", "b", "2"}}));
  EXPECT_FALSE(InOrder({Sent("A", "1"), Sent("B", "1")}, {{"1", "a", "1"}, {"2", "b", "1"}}));
}

TEST_F(MatchTest, RowsThatAreAlikeMayBeTakenForEachOther) {
  EXPECT_TRUE(InOrder({Sent("A", "1"), Sent("A", "1")}, {{"1", "a", "1"}, {"2", "a", "1"}}));
  EXPECT_TRUE(InOrder({{}, {}}, {{"1", "x", "y"}, {"2", "x", "y"}}));
}

TEST_F(MatchTest, WhatNotAllSendTellsNothing) {
  // With the DEFAULT 'a' for name, both orders would look like this.
  EXPECT_FALSE(InOrder({{}, {{1, "a"}}}, {{"1", "a", std::nullopt}, {"2", "a", std::nullopt}}));
  EXPECT_TRUE(InOrder({{{1, "a"}}, Sent("b", "2")}, {{"1", "a", "5"}, {"2", "b", "2"}}));
}

TEST_F(MatchTest, WhatCannotBeReadTellsNothing) {
  table_.fields[1].readable = false;
  EXPECT_TRUE(InOrder({Sent("a", "1"), Sent("b", "2")}, {{"1", "1"}, {"2", "2"}}));
  EXPECT_FALSE(InOrder({Sent("a", "1"), Sent("b", "2")}, {{"1", "2"}, {"2", "1"}}));
  EXPECT_FALSE(InOrder({Sent("a", "1"), Sent("b", "1")}, {{"1", "1"}, {"2", "1"}}));
}

TEST_F(MatchTest, AnswersWithoutValuesAreAllAlike) {
  for (contract::Field& field : table_.fields) field.readable = false;
  table_.readable = false;
  EXPECT_TRUE(InOrder({Sent("a", "1"), Sent("b", "2")}, {{"1"}, {"1"}}));
  EXPECT_FALSE(InOrder({Sent("a", "1"), Sent("b", "2")}, {{"1"}}));
}

TEST_F(MatchTest, OtherTextsOfTheSameValue) {
  const auto same = [this](std::string sent, std::string stored) {
    return InOrder({Sent("x", "0"), Sent("x", std::move(sent))}, {{"1", "x", "0"}, {"2", "x", std::move(stored)}});
  };
  value().text = contract::Text::kNumeric;
  EXPECT_TRUE(same("12.5", "12.50"));
  EXPECT_TRUE(same("12", "12.00"));
  EXPECT_FALSE(same("12.55", "12.6"));
  // Both orders look like this.
  EXPECT_FALSE(InOrder({Sent("x", "1.0"), Sent("x", "1.00")}, {{"1", "x", "1.00"}, {"2", "x", "1.0"}}));
  value() = {};
  value().kind = Kind::kDouble;
  EXPECT_TRUE(same("1e6", "1e+06"));
  value() = {};
  value().text = contract::Text::kUuid;
  EXPECT_TRUE(same("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
  value() = {};
  value().kind = Kind::kTimestamp;
  EXPECT_TRUE(InOrder({Sent("x", "2024-01-01 00:00:00.000000+00"), Sent("x", "2024-01-01 00:00:00.500000+00")},
                      {{"1", "x", "2024-01-01 00:00:00+00"}, {"2", "x", "2024-01-01 00:00:00.5+00"}}));
}

}  // namespace
}  // namespace protogres::crud
