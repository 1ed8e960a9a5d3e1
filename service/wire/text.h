// What text must be to stand in a protobuf string or in PostgreSQL, and how it
// is shown in error messages. Pure.
#ifndef PROTOGRES_SERVICE_WIRE_TEXT_H_
#define PROTOGRES_SERVICE_WIRE_TEXT_H_

#include <string>
#include <string_view>

namespace protogres::wire {

// Well-formed UTF-8: no overlong forms, no surrogates, nothing past U+10FFFF.
bool IsUtf8(std::string_view text);

// 'text' for an error message: always valid UTF-8 and printable, cut where it is long.
std::string Shown(std::string_view text);

// A uuid as PostgreSQL reads it: 32 hexadecimal digits in groups of four that
// hyphens may divide, perhaps in braces.
bool IsUuid(std::string_view text);

// A numeric: [+-]digits[.digits][e[+-]digits], NaN, Infinity, -Infinity.
bool IsNumeric(std::string_view text);

// Appends the bytes as PostgreSQL's bytea text: \x and hexadecimal digits.
void AppendHex(std::string_view bytes, std::string* out);
// Appends what bytea's hexadecimal text stands for. False: it is not one.
bool AppendUnhexed(std::string_view text, std::string* out);

}  // namespace protogres::wire

#endif  // PROTOGRES_SERVICE_WIRE_TEXT_H_
