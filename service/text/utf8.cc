#include "text/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace protogres::text {

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

Character FirstCharacter(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t size = CharacterSize(text);
  if (size <= 1) return {first, 1, size == 1};
  char32_t code_point = first & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    code_point = (code_point << 6) | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  }
  return {code_point, size, true};
}

std::size_t CountCharacters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, BeginsCharacter));
}

std::size_t CharacterAt(std::string_view text, std::size_t before) {
  std::size_t at = 0;
  while (at < text.size() && (!BeginsCharacter(text[at]) || before-- > 0)) ++at;
  return at;
}

}  // namespace protogres::text
