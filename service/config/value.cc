#include "config/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "text/ascii.h"
#include "text/number.h"
#include "text/quote.h"

namespace protogres::config {
namespace {

struct Unit {
  std::string_view suffix;
  std::int64_t factor;
};

// Longer suffixes before those that they end in.
constexpr Unit kDurations[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"", 1000}};
constexpr Unit kSizes[] = {{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"K", 1 << 10},
                           {"M", 1 << 20},   {"G", 1 << 30},   {"", 1}};

template <std::size_t kCount>
std::int64_t TakeUnit(const Unit (&units)[kCount], std::string_view* text) {
  for (const Unit& unit : units) {
    if (text->size() > unit.suffix.size() && text->ends_with(unit.suffix)) {
      text->remove_suffix(unit.suffix.size());
      return unit.factor;
    }
  }
  return 1;
}

std::optional<std::int64_t> Multiply(std::int64_t number, std::int64_t factor) {
  if (number < 0 || number > std::numeric_limits<std::int64_t>::max() / factor) return std::nullopt;
  return number * factor;
}

bool IsDigits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), text::IsDigit); }

}  // namespace

std::optional<std::int64_t> ParseInteger(std::string_view text) { return text::ParseNumber<std::int64_t>(text); }

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const std::int64_t factor = TakeUnit(kDurations, &text);
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  if (!IsDigits(whole)) return std::nullopt;
  const auto number = ParseInteger(whole);
  auto total = number ? Multiply(*number, factor) : std::nullopt;
  if (!total || dot == std::string_view::npos) {
    return total ? std::optional(std::chrono::milliseconds(*total)) : std::nullopt;
  }
  const std::string_view fraction = text.substr(dot + 1);
  if (!IsDigits(fraction) || fraction.size() > 9) return std::nullopt;
  std::int64_t scale = 1;
  for (std::size_t i = 0; i < fraction.size(); ++i) scale *= 10;
  const std::int64_t part = *ParseInteger(fraction) * factor;
  if (part % scale != 0 || *total > std::numeric_limits<std::int64_t>::max() - factor) return std::nullopt;
  return std::chrono::milliseconds(*total + part / scale);
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  return duration.count() % 1000 == 0 ? fmt::format("{}s", duration.count() / 1000)
                                      : fmt::format("{}ms", duration.count());
}

std::optional<std::int64_t> ParseBytes(std::string_view text) {
  const std::int64_t factor = TakeUnit(kSizes, &text);
  const auto number = IsDigits(text) ? ParseInteger(text) : std::nullopt;
  return number ? Multiply(*number, factor) : std::nullopt;
}

std::optional<bool> ParseSwitch(std::string_view text) {
  for (const char* word : {"on", "true", "yes", "1"}) {
    if (text == word) return true;
  }
  for (const char* word : {"off", "false", "no", "0"}) {
    if (text == word) return false;
  }
  return std::nullopt;
}

std::optional<std::vector<std::string>> ParseList(std::string_view text) {
  std::vector<std::string> names(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      const bool doubled = quoted && i + 1 < text.size() && text[i + 1] == '"';
      if (doubled) {
        names.back() += text[i++];
      } else {
        quoted = !quoted;
      }
    } else if (text[i] == ',' && !quoted) {
      names.emplace_back();
    } else {
      names.back() += text[i];
    }
  }
  const bool has_empty = std::any_of(names.begin(), names.end(), [](const std::string& name) { return name.empty(); });
  if (quoted || has_empty) return std::nullopt;
  return names;
}

std::optional<std::string> ParseQualified(std::string_view text) {
  const std::size_t dot = text.find('.');
  const std::string_view last = dot == std::string_view::npos ? text : text.substr(dot + 1);
  if (last.empty() || dot == 0 || last.find('.') != std::string_view::npos) return std::nullopt;
  return dot == std::string_view::npos ? text::QuoteName(last) : text::QuoteName(text.substr(0, dot), last);
}

}  // namespace protogres::config
