// Reads the cells of the catalog reader's queries, which are in PostgreSQL's text form. Private to catalog/.
#ifndef PROTOGRES_SERVICE_CATALOG_CELL_H_
#define PROTOGRES_SERVICE_CATALOG_CELL_H_

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace protogres::catalog {

using Cell = std::optional<std::string_view>;

inline std::string Text(const Cell& cell) { return std::string(cell.value_or("")); }
inline bool Flag(const Cell& cell) { return cell == "t"; }

inline std::uint32_t Number(const Cell& cell) {
  std::uint32_t number = 0;
  if (cell) std::from_chars(cell->data(), cell->data() + cell->size(), number);
  return number;
}
inline int Int(const Cell& cell) { return static_cast<int>(Number(cell)); }

// "1 3 2"
inline std::vector<int> Numbers(const Cell& cell) {
  std::vector<int> numbers;
  std::string_view rest = cell.value_or("");
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    numbers.push_back(static_cast<int>(Number(rest.substr(0, end))));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return numbers;
}

}  // namespace protogres::catalog

#endif  // PROTOGRES_SERVICE_CATALOG_CELL_H_
