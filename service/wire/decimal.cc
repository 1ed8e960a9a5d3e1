#include "wire/decimal.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

namespace protogres::wire {
namespace {

// Room for any shortest form of a double.
constexpr std::size_t kMaxDigits = 64;
// JSON's exponents have no bound; past this one nothing equals a double.
constexpr std::int64_t kMaxExponent = 1'000'000'000;

// The number 0.DIGITS * 10^exponent, digits without zeros on either side: one
// form for each number. Zero has no digits.
struct Decimal {
  bool negative = false;
  std::string digits;
  std::int64_t exponent = 0;

  bool operator==(const Decimal&) const = default;
};

// `text` must be a number in JSON's syntax. None: the exponent is out of all bounds.
std::optional<Decimal> Normalize(std::string_view text) {
  Decimal result;
  if (text.starts_with('-')) {
    result.negative = true;
    text.remove_prefix(1);
  }
  const std::size_t mark = text.find_first_of("eE");
  std::string_view mantissa = text.substr(0, mark);
  const std::size_t point = mantissa.find('.');
  const std::string_view whole = mantissa.substr(0, point);
  result.digits = whole;
  if (point != std::string_view::npos) result.digits += mantissa.substr(point + 1);
  const std::size_t first = result.digits.find_first_not_of('0');
  if (first == std::string::npos) return Decimal();
  result.digits.erase(result.digits.find_last_not_of('0') + 1);
  result.digits.erase(0, first);
  std::int64_t exponent = 0;
  if (mark != std::string_view::npos) {
    std::string_view digits = text.substr(mark + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (parsed.ec != std::errc() || std::abs(exponent) > kMaxExponent) return std::nullopt;
  }
  result.exponent = exponent + static_cast<std::int64_t>(whole.size()) - static_cast<std::int64_t>(first);
  return result;
}

template <typename Float>
void AppendPostgres(Float value, std::string* out) {
  if (std::isnan(value)) {
    out->append("NaN");
  } else if (std::isinf(value)) {
    out->append(value < 0 ? "-Infinity" : "Infinity");
  } else {
    char buffer[kMaxDigits];
    const auto end = std::to_chars(buffer, buffer + kMaxDigits, value).ptr;
    out->append(buffer, end);
  }
}

}  // namespace

bool SurvivesDouble(std::string_view decimal, double value) {
  if (!std::isfinite(value)) return false;
  // The scientific form has the shortest digits; the fixed form of a large number has all of them.
  char buffer[kMaxDigits];
  const auto end = std::to_chars(buffer, buffer + kMaxDigits, value, std::chars_format::scientific).ptr;
  const auto wanted = Normalize(decimal);
  return wanted.has_value() && wanted == Normalize(std::string_view(buffer, static_cast<std::size_t>(end - buffer)));
}

void AppendJsonNumber(double value, std::string* out) {
  if (value == 0 || (std::abs(value) < 1e17 && std::trunc(value) != value)) return AppendDouble(value, out);
  // The plain form of a large number has digits beyond the shortest ones, and would not be read back as the same
  // decimal.
  char buffer[kMaxDigits];
  const auto end = std::to_chars(buffer, buffer + kMaxDigits, value, std::chars_format::scientific).ptr;
  const std::string_view shortest(buffer, static_cast<std::size_t>(end - buffer));
  if (std::abs(value) >= 1e17) {
    out->append(shortest);
    return;
  }
  const auto decimal = Normalize(shortest);
  if (decimal->negative) out->push_back('-');
  out->append(decimal->digits);
  out->append(static_cast<std::size_t>(decimal->exponent) - decimal->digits.size(), '0');
}

void AppendFloat(float value, std::string* out) { AppendPostgres(value, out); }
void AppendDouble(double value, std::string* out) { AppendPostgres(value, out); }
}  // namespace protogres::wire
