#include "text/hex.h"

#include "text/ascii.h"

namespace protogres::text {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

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

std::string ToHex(std::string_view bytes) {
  std::string text;
  AppendHex(bytes, &text);
  return text;
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

bool IsHexDigit(char c) { return HexValue(c) >= 0; }

}  // namespace protogres::text
