// How text that others wrote is shown: in error messages, logs and comments. Pure.
#ifndef PROTOGRES_SERVICE_TEXT_EXCERPT_H_
#define PROTOGRES_SERVICE_TEXT_EXCERPT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace protogres::text {

// The whole text, printable and well-formed UTF-8: control characters, bytes that are no UTF-8 and the ASCII characters
// in `more` become \x0a. Backslashes stay as they are, so it cannot be read back.
std::string Escaped(std::string_view text, std::string_view more = "");

// What an excerpt shows, in bytes, without quotes and "...".
inline constexpr std::size_t kMaxExcerpt = 60;

// As Escaped, between two `quote`; where the text is longer than `limit` bytes, its beginning and "...".
std::string Excerpt(std::string_view text, char quote = '"', std::size_t limit = kMaxExcerpt);

// The text where it is at most `limit` bytes long; else its beginning, of whole characters, and "...".
std::string Shortened(std::string_view text, std::size_t limit);

// The text on one line: breaks, tabs and the blanks around them become one blank; those at the ends go.
std::string OneLine(std::string_view text);

// The text with a blank for each control character.
std::string WithoutControls(std::string_view text);

}  // namespace protogres::text

#endif  // PROTOGRES_SERVICE_TEXT_EXCERPT_H_
