#include "sql/timestamp.h"

#include <chrono>

#include "fmt/format.h"

namespace protogres::sql {
namespace {

// Takes the text apart from the front.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}

  bool done() const { return rest_.empty(); }
  bool Skip(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly `digits` digits, of a number in [low, high].
  bool Number(int digits, int low, int high, int* value) {
    *value = 0;
    for (int i = 0; i < digits; ++i) {
      if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') return false;
      *value = *value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return *value >= low && *value <= high;
  }
  // A fraction's digits in microseconds; from the seventh on they must be 0.
  bool Fraction(int* micros) {
    *micros = 0;
    int digits = 0;
    for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; ++digits) {
      if (digits < 6) *micros = *micros * 10 + (rest_.front() - '0');
      if (digits >= 6 && rest_.front() != '0') return false;
      rest_.remove_prefix(1);
    }
    for (int i = digits; i < 6; ++i) *micros *= 10;
    return digits > 0;
  }

 private:
  std::string_view rest_;
};

// Z, +hh:mm, -hh:mm or nothing, up to the end.
bool ReadOffset(Cursor* cursor, std::chrono::minutes* offset) {
  *offset = {};
  if (cursor->done()) return true;
  if (cursor->Skip('Z') || cursor->Skip('z')) return cursor->done();
  const bool west = cursor->Skip('-');
  int hours = 0, minutes = 0;
  if (!west && !cursor->Skip('+')) return false;
  if (!cursor->Number(2, 0, 23, &hours) || !cursor->Skip(':') || !cursor->Number(2, 0, 59, &minutes)) return false;
  *offset = std::chrono::minutes((west ? -1 : 1) * (hours * 60 + minutes));
  return cursor->done();
}

}  // namespace

std::optional<std::string> TimestampText(std::string_view text, bool zoned) {
  Cursor cursor(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, micros = 0;
  if (!cursor.Number(4, 1, 9999, &year) || !cursor.Skip('-') || !cursor.Number(2, 1, 12, &month) || !cursor.Skip('-') ||
      !cursor.Number(2, 1, 31, &day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  std::chrono::minutes offset{};
  if (!cursor.done()) {
    if (!cursor.Skip('T') && !cursor.Skip('t') && !cursor.Skip(' ')) return std::nullopt;
    if (!cursor.Number(2, 0, 23, &hour) || !cursor.Skip(':') || !cursor.Number(2, 0, 59, &minute)) return std::nullopt;
    if (!cursor.Skip(':') || !cursor.Number(2, 0, 60, &second)) return std::nullopt;
    if (cursor.Skip('.') && !cursor.Fraction(&micros)) return std::nullopt;
    if (!ReadOffset(&cursor, &offset)) return std::nullopt;
  }
  // A leap second is the next minute's first, as PostgreSQL has it.
  const std::chrono::sys_seconds time = std::chrono::sys_days(date) + std::chrono::hours(hour) +
                                        std::chrono::minutes(minute) + std::chrono::seconds(second) - offset;
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day utc{days};
  const int utc_year = static_cast<int>(utc.year());
  if (utc_year < 1 || utc_year > 9999) return std::nullopt;
  const std::chrono::hh_mm_ss clock{time - days};
  std::string result = fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", utc_year, static_cast<unsigned>(utc.month()),
                                   static_cast<unsigned>(utc.day()), clock.hours().count(), clock.minutes().count(),
                                   clock.seconds().count());
  if (micros != 0) result += fmt::format(".{:06}", micros);
  if (zoned) result += 'Z';
  return result;
}

}  // namespace protogres::sql
