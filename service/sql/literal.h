// Makes the text of a parameter from a literal of a filter, for the type that it is compared with. Private to sql/.
// Knows no SQL text.
#ifndef PROTOGRES_SERVICE_SQL_LITERAL_H_
#define PROTOGRES_SERVICE_SQL_LITERAL_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "contract/contract.h"
#include "sql/parser.h"

namespace protogres::sql {

// `literal` as a value of `type` (of its element, when repeated) in PostgreSQL's
// text form. The error's message says what was expected and found, without a
// position; it has no details. What each type takes, quoted or bare:
//   integers    decimal digits with a sign, within the type's range
//   floats      decimal, with an exponent; NaN, Infinity, -Infinity
//   numeric     the same, of any length
//   bool        true, false
//   uuid        32 hexadecimal digits, in groups of four that hyphens may divide, perhaps in braces
//   enum        PostgreSQL's label, or the protobuf value's name
//   Timestamp   RFC 3339 to the microsecond, a date alone (midnight UTC), without an offset (UTC), infinity, -infinity
//   bytes       base64, or hexadecimal after \x (in quotes the backslash is doubled: "\\x00ff")
//   others      as it stands; PostgreSQL then judges it
absl::StatusOr<std::string> LiteralText(const contract::Contract& contract, const contract::Type& type,
                                        const Literal& literal);

// A bare literal is a number or a boolean where it is compared with a JSON value.
bool IsJsonNumber(const Literal& literal);
bool IsJsonBoolean(const Literal& literal);

// The LIKE pattern that matches the same texts as the literal with its wildcards.
std::string LikePattern(const Literal& literal);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_LITERAL_H_
