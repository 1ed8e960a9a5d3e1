#include "support/golden.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace protogres::testing {
namespace {

constexpr char kHow[] = "If the change is meant, write the files with PROTOGRES_UPDATE_GOLDEN=1 and read their diff.";

bool Updates() {
  const char* value = std::getenv("PROTOGRES_UPDATE_GOLDEN");
  return value != nullptr && std::string(value) == "1";
}

// "line 7: it was ..., it is ...", of the first line that differs.
std::string Difference(const std::string& was, const std::string& is) {
  std::istringstream old_lines(was), new_lines(is);
  for (int number = 1;; ++number) {
    std::string old_line = "(the end)", new_line = "(the end)";
    const bool old_there = static_cast<bool>(std::getline(old_lines, old_line));
    const bool new_there = static_cast<bool>(std::getline(new_lines, new_line));
    if (!old_there) old_line = "(the end)";
    if (!new_there) new_line = "(the end)";
    if (old_line != new_line || (!old_there && !new_there)) {
      return "line " + std::to_string(number) + "\n  was: " + old_line + "\n  is:  " + new_line;
    }
  }
}

}  // namespace

void ExpectGolden(const std::string& name, const std::string& text) {
  const std::filesystem::path path = std::filesystem::path(PROTOGRES_TEST_GOLDEN) / name;
  if (Updates()) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file << text;
    EXPECT_TRUE(file.flush().good()) << path;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file.good()) << path << " is not there. " << kHow;
  const std::string golden(std::istreambuf_iterator<char>(file), {});
  if (golden != text) ADD_FAILURE() << path.string() << ": " << Difference(golden, text) << "\n" << kHow;
}

}  // namespace protogres::testing
