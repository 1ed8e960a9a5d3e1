#include "db/copy_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace protogres::db {
namespace {

using ::testing::ElementsAre;

using Values = std::vector<std::optional<std::string>>;

Values Split(std::string line) {
  Cells cells;
  SplitCopyLine(line, &cells);
  Values values;
  for (const auto& cell : cells) {
    values.push_back(cell.has_value() ? std::optional(std::string(*cell)) : std::nullopt);
  }
  return values;
}

TEST(CopyLineTest, ColumnsAreDividedByTabs) {
  EXPECT_THAT(Split("1\ttwo\t{3,\"4\"}"), ElementsAre("1", "two", R"({3,"4"})"));
  EXPECT_THAT(Split("\t\t"), ElementsAre("", "", ""));
  EXPECT_THAT(Split(""), ElementsAre(""));
}

TEST(CopyLineTest, NullIsTheWholeColumn) {
  EXPECT_THAT(Split("\\N"), ElementsAre(std::nullopt));
  EXPECT_THAT(Split("\\N\t\\N\ta"), ElementsAre(std::nullopt, std::nullopt, "a"));
  EXPECT_THAT(Split(R"(\\N)"), ElementsAre(R"(\N)"));
  EXPECT_THAT(Split("NULL\tN"), ElementsAre("NULL", "N"));
}

TEST(CopyLineTest, EscapesStandForTheirCharacters) {
  EXPECT_THAT(Split(R"(\b\f\n\r\t\v\\)"), ElementsAre("\b\f\n\r\t\v\\"));
  EXPECT_THAT(Split("a\\tb\t\\\\\t\\\\\\\\x"), ElementsAre("a\tb", "\\", "\\\\x"));
  EXPECT_THAT(Split("ü\\nü"), ElementsAre("ü\nü"));
  EXPECT_THAT(Split("\\\\x00ff"), ElementsAre("\\x00ff"));
}

}  // namespace
}  // namespace protogres::db
