// Text between quotes, as SQL, libpq and PostgreSQL's text forms have it. Pure.
#ifndef PROTOGRES_SERVICE_TEXT_QUOTE_H_
#define PROTOGRES_SERVICE_TEXT_QUOTE_H_

#include <string>
#include <string_view>

namespace protogres::text {

// A name as an SQL identifier: weird "name" -> "weird ""name""".
std::string QuoteName(std::string_view name);
std::string QuoteName(std::string_view schema, std::string_view name);

// The name that the identifier in quotes stands for that `text` begins with; what follows the identifier is passed
// over.
std::string UnquoteName(std::string_view text);

// A value as an SQL literal on one line, for a log: quotes are doubled; backslashes and control characters are escaped
// as in E'...', whose E is left out.
std::string QuoteLiteral(std::string_view value);

// A value of a connection string of libpq, or of postgresql.conf: it's -> 'it\'s'.
std::string QuoteSetting(std::string_view value);

// Appends an element of an array, or an attribute of a row, in their text forms: a"b -> "a\"b".
void AppendQuotedElement(std::string_view element, std::string* out);

}  // namespace protogres::text

#endif  // PROTOGRES_SERVICE_TEXT_QUOTE_H_
