// Text -> number. Pure, and quick: rows are read by it.
#ifndef PROTOGRES_SERVICE_TEXT_NUMBER_H_
#define PROTOGRES_SERVICE_TEXT_NUMBER_H_

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace protogres::text {

// The number that all of `text` is, in decimal: no blanks, and no sign but a minus. A floating-point number may have an
// exponent, and be nan or infinity in any case. Nothing: it is none, or one that the type does not hold.
template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

}  // namespace protogres::text

#endif  // PROTOGRES_SERVICE_TEXT_NUMBER_H_
