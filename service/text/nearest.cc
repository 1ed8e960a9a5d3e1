#include "text/nearest.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "text/ascii.h"

namespace protogres::text {
namespace {

constexpr std::size_t kMaxCompared = 64;

bool Alike(char a, char b) { return ToLower(a) == ToLower(b); }

// Levenshtein's distance.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (Alike(a[i - 1], b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::string_view LastPart(std::string_view name) { return name.substr(name.rfind('.') + 1); }

std::size_t CommonBeginning(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b, Alike).in1 - a.begin());
}

}  // namespace

std::vector<std::string_view> Nearest(std::string_view name, const std::vector<std::string_view>& names,
                                      std::size_t limit) {
  if (name.size() > kMaxCompared) return {};
  std::vector<std::pair<std::size_t, std::string_view>> near;
  for (const std::string_view candidate : names) {
    if (candidate.size() > kMaxCompared) continue;
    const std::size_t distance = Distance(name, candidate);
    if (distance <= std::max<std::size_t>(1, std::max(name.size(), candidate.size()) / 3)) {
      near.emplace_back(distance, candidate);
    }
  }
  std::ranges::stable_sort(near, {}, &std::pair<std::size_t, std::string_view>::first);
  near.resize(std::min(near.size(), limit));
  std::vector<std::string_view> nearest;
  for (const auto& [distance, candidate] : near) nearest.push_back(candidate);
  return nearest;
}

std::vector<std::string_view> NearestByBeginning(std::string_view name, const std::vector<std::string>& names,
                                                 std::size_t limit) {
  const std::string_view wanted = LastPart(name);
  std::vector<std::pair<std::size_t, std::string_view>> scored;
  scored.reserve(names.size());
  for (const std::string& candidate : names) {
    scored.emplace_back(CommonBeginning(wanted, LastPart(candidate)), candidate);
  }
  limit = std::min(limit, scored.size());
  std::ranges::partial_sort(
      scored, scored.begin() + static_cast<std::ptrdiff_t>(limit),
      [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  std::vector<std::string_view> nearest;
  for (std::size_t i = 0; i < limit; ++i) nearest.push_back(scored[i].second);
  return nearest;
}

}  // namespace protogres::text
