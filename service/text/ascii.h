// Letters and digits of ASCII, whatever the locale. Pure.
#ifndef PROTOGRES_SERVICE_TEXT_ASCII_H_
#define PROTOGRES_SERVICE_TEXT_ASCII_H_

#include <string>
#include <string_view>

namespace protogres::text {

constexpr bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
// A control character, which U+007F is too.
constexpr bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// Other characters than letters of ASCII stay as they are.
constexpr char ToLower(char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr char ToUpper(char c) { return IsLower(c) ? static_cast<char>(c - 'a' + 'A') : c; }
std::string Lower(std::string_view text);
std::string Upper(std::string_view text);

}  // namespace protogres::text

#endif  // PROTOGRES_SERVICE_TEXT_ASCII_H_
