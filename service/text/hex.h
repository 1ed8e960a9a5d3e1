// Bytes as PostgreSQL's text of a bytea (bytea_output = hex): \x and two hexadecimal digits a byte. Pure, and quick:
// rows are read and written by it.
#ifndef PROTOGRES_SERVICE_TEXT_HEX_H_
#define PROTOGRES_SERVICE_TEXT_HEX_H_

#include <string>
#include <string_view>

namespace protogres::text {

void AppendHex(std::string_view bytes, std::string* out);
std::string ToHex(std::string_view bytes);

// Appends the bytes that `text` stands for. False: it is no such text; what was appended then has no meaning.
bool AppendUnhexed(std::string_view text, std::string* out);

bool IsHexDigit(char c);

}  // namespace protogres::text

#endif  // PROTOGRES_SERVICE_TEXT_HEX_H_
