// docs/errors.md says what the table of SQLSTATEs says, and explains every reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "status/reason.h"
#include "status/sqlstate.h"

namespace protogres::status {
namespace {

using Cells = std::vector<std::string>;

// The cells of "| a | b |"; none: the line is not one of a table.
Cells CellsOf(std::string_view line) {
  constexpr std::string_view kBegin = "| ", kBetween = " | ", kEnd = " |";
  if (!line.starts_with(kBegin) || !line.ends_with(kEnd)) return {};
  line.remove_prefix(kBegin.size());
  line.remove_suffix(kEnd.size());
  Cells cells;
  for (std::size_t end = 0; (end = line.find(kBetween)) != std::string_view::npos;) {
    cells.emplace_back(line.substr(0, end));
    line.remove_prefix(end + kBetween.size());
  }
  cells.emplace_back(line);
  return cells;
}

// The rows of all tables of docs/errors.md whose first column is called `first`.
std::vector<Cells> RowsOf(const std::string& first) {
  std::ifstream file(PROTOGRES_DOCS "/errors.md");
  EXPECT_TRUE(file.is_open()) << PROTOGRES_DOCS "/errors.md";
  std::vector<Cells> rows;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    Cells cells = CellsOf(line);
    if (cells.empty()) {
      inside = false;
    } else if (cells.front() == first) {
      inside = true;
    } else if (inside && cells.front() != "---") {
      rows.push_back(std::move(cells));
    }
  }
  return rows;
}

// "INVALID_ARGUMENT, NOT_FOUND": the codes of a reason.
std::set<std::string> CodesOf(const std::string& cell) {
  std::set<std::string> codes;
  std::istringstream words(cell);
  for (std::string word; words >> word;) codes.insert(word.substr(0, word.find(',')));
  return codes;
}

std::string Shown(std::string_view prefix) {
  if (prefix.empty()) return "any other";
  return prefix.size() == 5 ? std::string(prefix) : fmt::format("class {}", prefix);
}

TEST(ErrorsPage, HasTheTableOfSqlstates) {
  std::vector<Cells> table;
  for (const ErrorRow& row : ErrorTable()) {
    table.push_back({Shown(row.prefix), row.meaning, absl::StatusCodeToString(row.code), row.reason});
  }
  EXPECT_THAT(RowsOf("SQLSTATE"), ::testing::ElementsAreArray(table));
}

TEST(ErrorsPage, ExplainsEachReasonOnce) {
  std::vector<std::string> explained;
  for (const Cells& row : RowsOf("reason")) {
    explained.push_back(row.front());
    EXPECT_EQ(row.size(), 4U) << row.front() << ": reason, code, what has happened, what to do";
  }
  EXPECT_THAT(explained, ::testing::UnorderedElementsAreArray(kReasons));
}

TEST(ErrorsPage, GivesEachReasonTheCodesOfTheTable) {
  std::map<std::string, std::set<std::string>> codes;
  for (const Cells& row : RowsOf("reason")) codes[row.front()] = CodesOf(row.at(1));
  for (const ErrorRow& row : ErrorTable()) {
    EXPECT_THAT(codes[row.reason], ::testing::Contains(absl::StatusCodeToString(row.code))) << row.reason;
  }
}

}  // namespace
}  // namespace protogres::status
