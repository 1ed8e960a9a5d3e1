#include "text/timestamp.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>

#include "text/ascii.h"

namespace protogres::text {
namespace {

constexpr int kMicrosecondDigits = 6;

// Takes exactly `count` digits from the front, of a number up to `most`.
bool TakeNumber(std::size_t count, int most, std::string_view* rest, int* value) {
  if (rest->size() < count) return false;
  int result = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const char c = (*rest)[i];
    if (!IsDigit(c)) return false;
    result = result * 10 + (c - '0');
  }
  rest->remove_prefix(count);
  *value = result;
  return result <= most;
}

bool Take(char c, std::string_view* rest) {
  if (!rest->starts_with(c)) return false;
  rest->remove_prefix(1);
  return true;
}

// Takes the digits after the point. Those after the sixth must be noughts, which PostgreSQL does not write.
bool TakeFraction(TimestampForm form, std::string_view* rest, std::int32_t* nanos) {
  int digits = 0;
  std::int32_t micros = 0;
  for (; !rest->empty() && IsDigit(rest->front()); ++digits) {
    if (digits < kMicrosecondDigits) {
      micros = micros * 10 + (rest->front() - '0');
    } else if (form == TimestampForm::kPostgres || rest->front() != '0') {
      return false;
    }
    rest->remove_prefix(1);
  }
  for (int i = digits; i < kMicrosecondDigits; ++i) micros *= 10;
  *nanos = micros * 1000;
  return digits > 0;
}

// Takes the offset, in seconds east of UTC.
bool TakeOffset(TimestampForm form, std::string_view* rest, int* seconds) {
  const bool rfc3339 = form == TimestampForm::kRfc3339;
  if (rfc3339 && (Take('Z', rest) || Take('z', rest))) return true;
  const bool west = rest->starts_with('-');
  if (!west && !rest->starts_with('+')) return false;
  rest->remove_prefix(1);
  int hours = 0;
  int minutes = 0;
  int rest_seconds = 0;
  if (!TakeNumber(2, 23, rest, &hours)) return false;
  const bool has_minutes = Take(':', rest);
  if (has_minutes ? !TakeNumber(2, 59, rest, &minutes) : rfc3339) return false;
  if (!rfc3339 && Take(':', rest) && !TakeNumber(2, 59, rest, &rest_seconds)) return false;
  *seconds = (hours * 60 + minutes) * 60 + rest_seconds;
  if (west) *seconds = -*seconds;
  return true;
}

// Takes the time of the day, with its offset, as seconds since midnight UTC.
bool TakeTime(TimestampForm form, std::string_view* rest, std::int64_t* seconds, std::int32_t* nanos) {
  const bool rfc3339 = form == TimestampForm::kRfc3339;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int offset = 0;
  const bool taken = (Take(' ', rest) || (rfc3339 && (Take('T', rest) || Take('t', rest)))) &&
                     TakeNumber(2, 23, rest, &hour) && Take(':', rest) && TakeNumber(2, 59, rest, &minute) &&
                     Take(':', rest) && TakeNumber(2, rfc3339 ? 60 : 59, rest, &second) &&
                     (!Take('.', rest) || TakeFraction(form, rest, nanos)) &&
                     (rest->empty() || TakeOffset(form, rest, &offset));
  *seconds = hour * 3600 + minute * 60 + second - offset;
  return taken;
}

}  // namespace

bool ParseTimestamp(std::string_view text, TimestampForm form, Timestamp* value) {
  int year = 0;
  int month = 0;
  int day = 0;
  // A year of five digits, infinity and " BC" fit none of this.
  if (!TakeNumber(4, 9999, &text, &year) || year < 1 || !Take('-', &text) || !TakeNumber(2, 12, &text, &month) ||
      !Take('-', &text) || !TakeNumber(2, 31, &text, &day)) {
    return false;
  }
  std::int64_t time = 0;
  std::int32_t nanos = 0;
  const bool date_alone = form == TimestampForm::kRfc3339 && text.empty();
  if (!date_alone && (!TakeTime(form, &text, &time, &nanos) || !text.empty())) return false;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  const std::int64_t seconds = std::chrono::sys_days(date).time_since_epoch().count() * std::int64_t{86400} + time;
  // An offset can lead out of the range.
  if (seconds < kMinSeconds || seconds > kMaxSeconds) return false;
  *value = {seconds, nanos};
  return true;
}

void AppendTimestamp(const Timestamp& value, std::string* out) {
  const std::chrono::sys_seconds time{std::chrono::seconds(value.seconds)};
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const auto second = (time - days).count();
  fmt::format_to(std::back_inserter(*out), "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}+00",
                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                 second / 3600, second / 60 % 60, second % 60, value.nanos / 1000);
}

}  // namespace protogres::text
