#include "wire/text.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>

namespace protogres::wire {
namespace {

constexpr std::size_t kMaxShown = 60;
constexpr char kHexDigits[] = "0123456789abcdef";

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Bytes of the character that `text` begins with; 0: it is malformed.
std::size_t CharacterSize(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : '\0'); };
  const auto between = [&byte](std::size_t i, unsigned low, unsigned high) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned char first = byte(0);
  if (first < 0x80) return text.empty() ? 0 : 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  if (first < 0xE0) return between(1, 0x80, 0xBF) ? 2 : 0;
  if (first < 0xF0) {
    const bool second = between(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF);
    return second && between(2, 0x80, 0xBF) ? 3 : 0;
  }
  const bool second = between(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF);
  return second && between(2, 0x80, 0xBF) && between(3, 0x80, 0xBF) ? 4 : 0;
}

// How many digits `text` has from `begin` on.
std::size_t CountDigits(std::string_view text, std::size_t begin) {
  std::size_t end = begin;
  while (end < text.size() && IsDigit(text[end])) ++end;
  return end - begin;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    // Eight bytes of ASCII at once: most text is nothing else.
    while (text.size() >= sizeof(std::uint64_t)) {
      std::uint64_t word;
      std::memcpy(&word, text.data(), sizeof(word));
      if ((word & 0x8080808080808080u) != 0) break;
      text.remove_prefix(sizeof(word));
    }
    if (text.empty()) return true;
    const std::size_t size = CharacterSize(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string Shown(std::string_view text) {
  std::string shown = "'";
  while (!text.empty() && shown.size() <= kMaxShown) {
    const std::size_t size = CharacterSize(text);
    const auto first = static_cast<unsigned char>(text[0]);
    if (size == 0 || first < 0x20 || first == 0x7F) {
      shown += fmt::format("\\x{:02x}", first);
      text.remove_prefix(1);
    } else {
      shown.append(text.substr(0, size));
      text.remove_prefix(size);
    }
  }
  if (!text.empty()) shown += "...";
  return shown += '\'';
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
    if (HexValue(c) < 0 || ++digits > 32) return false;
    hyphen_allowed = digits % 4 == 0 && digits < 32;
  }
  return digits == 32;
}

bool IsNumeric(std::string_view text) {
  if (text == "NaN") return true;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text == "Infinity") return true;
  const std::size_t whole = CountDigits(text, 0);
  std::size_t position = whole;
  std::size_t fraction = 0;
  if (position < text.size() && text[position] == '.') {
    fraction = CountDigits(text, position + 1);
    position += 1 + fraction;
  }
  if (whole + fraction == 0) return false;
  if (position < text.size() && (text[position] == 'e' || text[position] == 'E')) {
    ++position;
    if (position < text.size() && (text[position] == '-' || text[position] == '+')) ++position;
    const std::size_t exponent = CountDigits(text, position);
    if (exponent == 0) return false;
    position += exponent;
  }
  return position == text.size();
}

void AppendHex(std::string_view bytes, std::string* out) {
  const std::size_t begin = out->size();
  out->resize(begin + 2 + 2 * bytes.size());
  char* next = out->data() + begin;
  *next++ = '\\';
  *next++ = 'x';
  for (const char c : bytes) {
    *next++ = kHexDigits[static_cast<unsigned char>(c) >> 4];
    *next++ = kHexDigits[static_cast<unsigned char>(c) & 15];
  }
}

bool AppendUnhexed(std::string_view text, std::string* out) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) return false;
  text.remove_prefix(2);
  const std::size_t begin = out->size();
  out->resize(begin + text.size() / 2);
  char* next = out->data() + begin;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = HexValue(text[i]);
    const int low = HexValue(text[i + 1]);
    if (high < 0 || low < 0) return false;
    *next++ = static_cast<char>(high << 4 | low);
  }
  return true;
}

}  // namespace protogres::wire
