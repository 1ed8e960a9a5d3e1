#include "sql/suggest.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

#include "fmt/format.h"
#include "sql/lexer.h"

namespace protogres::sql {
namespace {

constexpr std::size_t kMaxLength = 64;  // of what is compared: names are no longer
constexpr std::size_t kMaxNear = 3;
constexpr std::size_t kMaxListed = 12;

char Lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

// Levenshtein's distance, upper and lower case alike.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (Lower(a[i - 1]) == Lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::string List(const std::vector<std::string_view>& names, std::string_view before_last) {
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) list += i + 1 == names.size() ? before_last : ", ";
    list += Excerpt(names[i]);
  }
  return list;
}

}  // namespace

std::string Suggest(std::string_view unknown, const std::vector<std::string_view>& known) {
  std::vector<std::pair<std::size_t, std::string_view>> near;
  if (unknown.size() <= kMaxLength) {
    for (const std::string_view name : known) {
      if (name.size() > kMaxLength) continue;
      const std::size_t distance = Distance(unknown, name);
      if (distance <= std::max<std::size_t>(1, std::max(unknown.size(), name.size()) / 3)) {
        near.emplace_back(distance, name);
      }
    }
  }
  std::ranges::stable_sort(near, {}, &std::pair<std::size_t, std::string_view>::first);
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < std::min(near.size(), kMaxNear); ++i) names.push_back(near[i].second);
  if (!names.empty()) return fmt::format("; did you mean {}?", List(names, " or "));
  if (known.empty() || known.size() > kMaxListed) return "";
  return fmt::format("; there {} {}", known.size() == 1 ? "is" : "are", List(known, " and "));
}

std::string SuggestField(std::string_view unknown, const std::vector<contract::Field>& fields) {
  const auto column = std::ranges::find(fields, unknown, &contract::Field::column);
  if (column != fields.end()) return fmt::format("; did you mean {}?", Excerpt(column->name));
  std::vector<std::string_view> names;
  names.reserve(fields.size());
  for (const contract::Field& field : fields) names.push_back(field.name);
  return Suggest(unknown, names);
}

}  // namespace protogres::sql
