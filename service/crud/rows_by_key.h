// Finds rows that were read by many keys at once.
#ifndef PROTOGRES_SERVICE_CRUD_ROWS_BY_KEY_H_
#define PROTOGRES_SERVICE_CRUD_ROWS_BY_KEY_H_

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "db/rows.h"
#include "sql/statement.h"

namespace protogres::crud {

// Rows that were read by their keys: finds the row of each key.
class RowsByKey {
 public:
  // `plain`: the rows are of sql::SelectByAnyKey, and come with their key. Otherwise they are of sql::SelectByKeys, and
  // come in the order of the keys, each with the position of its key. `rows` must outlive it.
  RowsByKey(const db::Rows& rows, bool plain) : rows_(rows), plain_(plain) {
    if (!plain) return;
    by_key_.reserve(static_cast<std::size_t>(rows.size()));
    for (std::int64_t row = 0; row < rows.size(); ++row) by_key_.emplace(rows.Cell(row, 0).value_or(""), row);
  }

  const db::Rows& rows() const { return rows_; }

  // The index of the row of `key`; -1: there is none. `position` is where the key stood in the statement, counted from
  // 0; it must not be smaller than in the call before.
  std::int64_t Find(const sql::Key& key, std::size_t position) {
    if (plain_) {
      const auto found = by_key_.find(key.front());
      return found == by_key_.end() ? -1 : found->second;
    }
    // A key that PostgreSQL does not keep unique may have several rows: those of earlier keys are passed.
    while (next_ < rows_.size() && PositionOf(next_) < position) ++next_;
    return next_ < rows_.size() && PositionOf(next_) == position ? next_ : -1;
  }

 private:
  // The position of the key that `row` was found by, counted from 0.
  std::size_t PositionOf(std::int64_t row) const {
    const std::string_view text = rows_.Cell(row, 0).value_or("");
    std::size_t position = 0;
    std::from_chars(text.data(), text.data() + text.size(), position);
    return position - 1;
  }

  const db::Rows& rows_;
  const bool plain_;
  absl::flat_hash_map<std::string_view, std::int64_t> by_key_;
  std::int64_t next_ = 0;
};

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_ROWS_BY_KEY_H_
