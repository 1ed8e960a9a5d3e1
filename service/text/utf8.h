// UTF-8: what is well-formed, and where its characters are. Well-formed text has no overlong forms, no surrogates and
// nothing past U+10FFFF. Pure.
#ifndef PROTOGRES_SERVICE_TEXT_UTF8_H_
#define PROTOGRES_SERVICE_TEXT_UTF8_H_

#include <cstddef>
#include <string_view>

namespace protogres::text {

bool IsUtf8(std::string_view text);

// How many bytes the well-formed character has that `text` begins with; 0: it begins with none.
std::size_t CharacterSize(std::string_view text);

struct Character {
  char32_t code_point = 0;
  std::size_t size = 1;  // in bytes
  bool valid = true;
};

// The character that `text`, which is not empty, begins with. A byte that begins none is an invalid character of its
// own.
Character FirstCharacter(std::string_view text);

// False for a byte that continues a character. What follows is of any bytes; only such ones begin a character.
constexpr bool BeginsCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

std::size_t CountCharacters(std::string_view text);

// The byte where the character begins that `before` characters stand before; the end of `text` where it has no more.
std::size_t CharacterAt(std::string_view text, std::size_t before);

}  // namespace protogres::text

#endif  // PROTOGRES_SERVICE_TEXT_UTF8_H_
