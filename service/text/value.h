// Texts that PostgreSQL reads as a value of a type. Pure.
#ifndef PROTOGRES_SERVICE_TEXT_VALUE_H_
#define PROTOGRES_SERVICE_TEXT_VALUE_H_

#include <string_view>

namespace protogres::text {

// [+-]digits[.digits][e[+-]digits], with digits before or after the point: -1, 3.14, .5, 5., 1e-3.
bool IsDecimal(std::string_view text);

// A numeric: a decimal number, NaN, or Infinity, which may have a sign.
bool IsNumeric(std::string_view text);

// 32 hexadecimal digits in groups of four that hyphens may divide, perhaps in braces.
bool IsUuid(std::string_view text);

}  // namespace protogres::text

#endif  // PROTOGRES_SERVICE_TEXT_VALUE_H_
