// Text <-> google.protobuf.Timestamp. Pure, and quick: rows are read and written by it.
#ifndef PROTOGRES_SERVICE_TEXT_TIMESTAMP_H_
#define PROTOGRES_SERVICE_TEXT_TIMESTAMP_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace protogres::text {

struct Timestamp {
  std::int64_t seconds = 0;  // since 1970-01-01 00:00:00 UTC
  std::int32_t nanos = 0;    // 0 to 999,999,999

  bool operator==(const Timestamp&) const = default;
};

// What google.protobuf.Timestamp allows: years 1 to 9999.
inline constexpr std::int64_t kMinSeconds = -62'135'596'800;
inline constexpr std::int64_t kMaxSeconds = 253'402'300'799;

// Without an offset both mean UTC.
enum class TimestampForm {
  // As PostgreSQL writes it with DateStyle = ISO: "2024-02-03 04:05:06.123456+00", with an offset of +hh[:mm[:ss]].
  kPostgres,
  // As people write it: "2024-05-01T10:00:00.5+02:00", with an offset of Z or +hh:mm. It may also have a blank for the
  // T, a date alone, the second 60 (the next minute's first), and noughts after the microseconds.
  kRfc3339,
};

// False: another text, infinity, a day that there is not, an instant that google.protobuf.Timestamp does not have, or
// one that is finer than a microsecond.
bool ParseTimestamp(std::string_view text, TimestampForm form, Timestamp* value);

// Appends "YYYY-MM-DD hh:mm:ss.ffffff+00". `value` must be in range and of whole microseconds. PostgreSQL reads it
// without regard to the session's settings, and passes over the offset where the type has no time zone.
void AppendTimestamp(const Timestamp& value, std::string* out);

}  // namespace protogres::text

#endif  // PROTOGRES_SERVICE_TEXT_TIMESTAMP_H_
