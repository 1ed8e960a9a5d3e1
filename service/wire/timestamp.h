// PostgreSQL's ISO text of a timestamp <-> google.protobuf.Timestamp. Pure.
#ifndef PROTOGRES_SERVICE_WIRE_TIMESTAMP_H_
#define PROTOGRES_SERVICE_WIRE_TIMESTAMP_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace protogres::wire {

struct Timestamp {
  std::int64_t seconds = 0;  // since 1970-01-01 00:00:00 UTC
  std::int32_t nanos = 0;    // 0 to 999,999,999

  bool operator==(const Timestamp&) const = default;
};

// What google.protobuf.Timestamp allows: years 1 to 9999.
inline constexpr std::int64_t kMinSeconds = -62'135'596'800;
inline constexpr std::int64_t kMaxSeconds = 253'402'300'799;

// Reads "2024-02-03 04:05:06.123456+00"; without a zone it is UTC. False: another text, infinity, or
// a year that google.protobuf.Timestamp does not have.
bool ParseTimestamp(std::string_view text, Timestamp* value);

// Appends "YYYY-MM-DD hh:mm:ss.ffffff+00". `value` must be in range and of whole microseconds.
void AppendTimestamp(const Timestamp& value, std::string* out);

}  // namespace protogres::wire

#endif  // PROTOGRES_SERVICE_WIRE_TIMESTAMP_H_
