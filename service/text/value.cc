#include "text/value.h"

#include "text/ascii.h"
#include "text/hex.h"

namespace protogres::text {
namespace {

// How many digits were taken from the front.
std::size_t TakeDigits(std::string_view* text) {
  std::size_t count = 0;
  while (count < text->size() && IsDigit((*text)[count])) ++count;
  text->remove_prefix(count);
  return count;
}

void TakeSign(std::string_view* text) {
  if (text->starts_with('-') || text->starts_with('+')) text->remove_prefix(1);
}

}  // namespace

bool IsDecimal(std::string_view text) {
  TakeSign(&text);
  std::size_t digits = TakeDigits(&text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    digits += TakeDigits(&text);
  }
  if (digits == 0) return false;
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    TakeSign(&text);
    if (TakeDigits(&text) == 0) return false;
  }
  return text.empty();
}

bool IsNumeric(std::string_view text) {
  if (text == "NaN" || IsDecimal(text)) return true;
  TakeSign(&text);
  return text == "Infinity";
}

bool IsUuid(std::string_view text) {
  if (text.size() >= 2 && text.front() == '{' && text.back() == '}') text = text.substr(1, text.size() - 2);
  int digits = 0;
  bool hyphen_allowed = false;
  for (const char c : text) {
    if (c == '-') {
      if (!hyphen_allowed) return false;
      hyphen_allowed = false;
      continue;
    }
    if (!IsHexDigit(c) || ++digits > 32) return false;
    hyphen_allowed = digits % 4 == 0 && digits < 32;
  }
  return digits == 32;
}

}  // namespace protogres::text
