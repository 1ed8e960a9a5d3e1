#include "wire/timestamp.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>

namespace protogres::wire {
namespace {

constexpr int kMicrosecondDigits = 6;

// Takes exactly `count` digits from the front.
bool TakeDigits(std::size_t count, std::string_view* rest, int* value) {
  if (rest->size() < count) return false;
  int result = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const char c = (*rest)[i];
    if (c < '0' || c > '9') return false;
    result = result * 10 + (c - '0');
  }
  rest->remove_prefix(count);
  *value = result;
  return true;
}

bool Take(char c, std::string_view* rest) {
  if (!rest->starts_with(c)) return false;
  rest->remove_prefix(1);
  return true;
}

// Takes up to six digits after the point.
bool TakeFraction(std::string_view* rest, std::int32_t* nanos) {
  int digits = 0;
  std::int32_t micros = 0;
  while (!rest->empty() && rest->front() >= '0' && rest->front() <= '9') {
    if (++digits > kMicrosecondDigits) return false;
    micros = micros * 10 + (rest->front() - '0');
    rest->remove_prefix(1);
  }
  for (int i = digits; i < kMicrosecondDigits; ++i) micros *= 10;
  *nanos = micros * 1000;
  return digits > 0;
}

// Takes +hh[:mm[:ss]], in seconds east of UTC.
bool TakeZone(std::string_view* rest, int* seconds) {
  const bool west = rest->starts_with('-');
  if (!west && !rest->starts_with('+')) return false;
  rest->remove_prefix(1);
  int hours = 0;
  int minutes = 0;
  int rest_seconds = 0;
  if (!TakeDigits(2, rest, &hours)) return false;
  if (Take(':', rest) && !TakeDigits(2, rest, &minutes)) return false;
  if (Take(':', rest) && !TakeDigits(2, rest, &rest_seconds)) return false;
  *seconds = (hours * 60 + minutes) * 60 + rest_seconds;
  if (west) *seconds = -*seconds;
  return true;
}

}  // namespace

bool ParseTimestamp(std::string_view text, Timestamp* value) {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int zone = 0;
  std::int32_t nanos = 0;
  // A year of five digits, infinity and " BC" fit none of this.
  const bool parsed =
      TakeDigits(4, &text, &year) && Take('-', &text) && TakeDigits(2, &text, &month) && Take('-', &text) &&
      TakeDigits(2, &text, &day) && Take(' ', &text) && TakeDigits(2, &text, &hour) && Take(':', &text) &&
      TakeDigits(2, &text, &minute) && Take(':', &text) && TakeDigits(2, &text, &second) &&
      (!Take('.', &text) || TakeFraction(&text, &nanos)) && (text.empty() || TakeZone(&text, &zone)) && text.empty();
  if (!parsed || hour > 23 || minute > 59 || second > 59) return false;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second - zone;
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

}  // namespace protogres::wire
