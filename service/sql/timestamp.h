// Timestamps as a filter's literals have them. Private to sql/.
#ifndef PROTOGRES_SERVICE_SQL_TIMESTAMP_H_
#define PROTOGRES_SERVICE_SQL_TIMESTAMP_H_

#include <optional>
#include <string>
#include <string_view>

namespace protogres::sql {

// RFC 3339 ("2024-05-01T10:00:00.5+02:00"; also with a blank for the T, without
// an offset, or a date alone: UTC) -> PostgreSQL's text form in UTC, which ends in Z if `zoned`.
// No value: not one, a day that there is not, a year outside of 1 to 9999, finer than a microsecond.
std::optional<std::string> TimestampText(std::string_view text, bool zoned);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_TIMESTAMP_H_
