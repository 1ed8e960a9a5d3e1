#include "crud/match.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "fmt/format.h"
#include "text/ascii.h"
#include "text/number.h"
#include "text/timestamp.h"

namespace protogres::crud {
namespace {

using contract::Kind;

// "12.50" as "12.5".
std::string_view WithoutTrailingZeros(std::string_view number) {
  if (number.find('.') == std::string_view::npos || number.find_first_of("eE") != std::string_view::npos) return number;
  number = number.substr(0, number.find_last_not_of('0') + 1);
  if (number.ends_with('.')) number.remove_suffix(1);
  return number;
}

// A text of `value` that is the same for equal values, as far as that is known of the type. Where two texts of one
// value stay different, the rows are inserted one by one: that costs time only.
std::string Canonical(const contract::Type& type, std::string_view value) {
  if (type.repeated) return std::string(value);
  if (type.kind == Kind::kTimestamp) {
    text::Timestamp time;
    const bool parsed = text::ParseTimestamp(value, text::TimestampForm::kPostgres, &time);
    return parsed ? fmt::format("{}.{}", time.seconds, time.nanos) : std::string(value);
  }
  if (type.kind == Kind::kDouble || type.kind == Kind::kFloat) {
    const auto number = text::ParseNumber<double>(value);
    return number ? fmt::format("{}", *number == 0 ? 0.0 : *number) : std::string(value);
  }
  if (type.text == contract::Text::kUuid) return text::Lower(value);
  return std::string(type.text == contract::Text::kNumeric ? WithoutTrailingZeros(value) : value);
}

// For each field: whether all rows send it, and each row is stored with the value that it has sent. Of a field that
// cannot be read that is not known.
std::vector<bool> StoredAsSent(const contract::Table& table, const std::vector<sql::Row>& sent,
                               const db::Rows& stored) {
  std::vector<bool> same(table.fields.size(), true);
  std::vector<std::size_t> senders(table.fields.size(), 0);
  std::vector<int> columns;  // of the fields in `stored`
  columns.reserve(table.fields.size());
  int next = 0;
  for (std::size_t field = 0; field < same.size(); ++field) {
    same[field] = table.fields[field].in_row();
    columns.push_back(same[field] ? next++ : -1);
  }
  for (std::size_t i = 0; i < sent.size(); ++i) {
    for (const sql::Assignment& assignment : sent[i]) {
      const auto field = static_cast<std::size_t>(assignment.field);
      ++senders[field];
      if (!same[field]) continue;
      const auto cell = stored.Cell(static_cast<std::int64_t>(i), columns[field]);
      same[field] = cell.has_value() == assignment.value.has_value() &&
                    (!cell.has_value() || IsSame(table.fields[field].type, *assignment.value, *cell));
    }
  }
  for (std::size_t field = 0; field < same.size(); ++field) same[field] = same[field] && senders[field] == sent.size();
  return same;
}

void AppendValue(const contract::Type& type, const sql::Assignment& assignment, std::string* out) {
  *out += fmt::format("{}", assignment.field);
  if (assignment.value.has_value()) {
    const std::string text = Canonical(type, *assignment.value);
    *out += fmt::format(":{}:{}", text.size(), text);
  }
  *out += ';';
}

bool SameRow(const sql::Row& a, const sql::Row& b) {
  return std::ranges::equal(a, b, [](const sql::Assignment& x, const sql::Assignment& y) {
    return x.field == y.field && x.value == y.value;
  });
}

// Whether rows that have the same values in `columns` have the same values in all that they send: then it does not
// matter which of them is whose.
bool TellsApart(const contract::Table& table, const std::vector<bool>& columns, const std::vector<sql::Row>& sent) {
  absl::flat_hash_map<std::string, const sql::Row*> seen;
  seen.reserve(sent.size());
  for (const sql::Row& row : sent) {
    std::string look;
    for (const sql::Assignment& assignment : row) {
      const auto field = static_cast<std::size_t>(assignment.field);
      if (columns[field]) AppendValue(table.fields[field].type, assignment, &look);
    }
    const auto [other, first] = seen.emplace(std::move(look), &row);
    if (!first && !SameRow(*other->second, row)) return false;
  }
  return true;
}

}  // namespace

bool IsSame(const contract::Type& type, std::string_view sent, std::string_view stored) {
  return sent == stored || Canonical(type, sent) == Canonical(type, stored);
}

bool IsInOrder(const contract::Table& table, const std::vector<sql::Row>& sent, const db::Rows& stored) {
  if (stored.size() != static_cast<std::int64_t>(sent.size())) return false;
  // Answers without a value are all alike.
  if (!table.readable) return true;
  return sent.size() == 1 || TellsApart(table, StoredAsSent(table, sent, stored), sent);
}

}  // namespace protogres::crud
