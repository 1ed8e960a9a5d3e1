#include "crud/related.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "crud/operator_error.h"
#include "fmt/format.h"
#include "status/macros.h"
#include "status/status.h"
#include "wire/writer.h"

namespace protogres::crud {
namespace {

absl::Status TooMany(std::string what) {
  return status::Error(absl::StatusCode::kFailedPrecondition, std::move(what), status::kTooManyRelatedRows);
}

// The index of the key that the first column of a row tells. -1: it is none of the keys.
class KeyIndex {
 public:
  explicit KeyIndex(const sql::RelatedRows& rows, const std::vector<sql::Key>& keys)
      : by_value_(sql::TellsByValue(rows)), count_(static_cast<int>(keys.size())) {
    if (!by_value_) return;
    index_.reserve(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) index_.emplace(keys[i].front(), static_cast<int>(i));
  }

  int Find(std::string_view text) const {
    if (by_value_) {
      const auto found = index_.find(text);
      return found == index_.end() ? -1 : found->second;
    }
    int position = 0;
    std::from_chars(text.data(), text.data() + text.size(), position);
    return position <= count_ ? position - 1 : -1;
  }

 private:
  const bool by_value_;
  const int count_;
  absl::flat_hash_map<std::string_view, int> index_;
};

// The values by which the rows of a relation belong to one row.
class CellsOfRow {
 public:
  CellsOfRow(const db::Rows& rows, std::int64_t row, int skip, const std::vector<std::size_t>& columns)
      : rows_(rows), row_(row), skip_(skip), columns_(columns) {}

  std::optional<std::string_view> At(std::size_t i) const {
    return rows_.Cell(row_, skip_ + static_cast<int>(columns_[i]));
  }
  // All of them, each with its length, so that no others look the same. False: one of them is NULL.
  bool Join(std::string* joined) const {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const auto cell = At(i);
      if (!cell.has_value()) return false;
      wire::AppendVarint(cell->size(), joined);
      *joined += *cell;
    }
    return true;
  }

 private:
  const db::Rows& rows_;
  const std::int64_t row_;
  const int skip_;
  const std::vector<std::size_t>& columns_;
};

}  // namespace

db::SessionOptions OfOneSnapshot() {
  return {.transaction = db::Transaction::kExplicit,
          .isolation = db::Isolation::kRepeatableRead,
          .read_only = true,
          .ends_with_reads = true};
}

void Related::TakeKeys(const Parents& parents, Level* level) {
  const std::vector<std::size_t>& links = level->node->links;
  level->key_of.assign(static_cast<std::size_t>(parents.end - parents.begin), -1);
  absl::flat_hash_map<std::string_view, int> seen;
  std::deque<std::string> joined;  // what the keys of several columns are in `seen`
  for (std::int64_t row = parents.begin; row < parents.end; ++row) {
    const CellsOfRow cells(parents.rows, row, parents.skip, links);
    auto text = cells.At(0);
    if (links.size() > 1) {
      const bool whole = cells.Join(&joined.emplace_back());
      text = whole ? std::optional<std::string_view>(joined.back()) : std::nullopt;
    }
    if (!text.has_value()) continue;
    const auto [place, fresh] = seen.emplace(*text, static_cast<int>(level->keys.size()));
    level->key_of[static_cast<std::size_t>(row - parents.begin)] = place->second;
    if (!fresh) continue;
    sql::Key& key = level->keys.emplace_back();
    for (std::size_t i = 0; i < links.size(); ++i) key.emplace_back(*cells.At(i));
  }
}

absl::Status Related::Sort(Level* level) const {
  const sql::RelatedRows& rows = level->node->rows;
  const KeyIndex index(rows, level->keys);
  level->found.assign(level->keys.size(), {});
  const std::int64_t most = rows.relation->many ? bound_.limits().max_page_size : 1;
  std::string_view last;
  int key = -1;
  for (std::int64_t row = 0; row < level->rows.size(); ++row) {
    const std::string_view text = level->rows.Cell(row, 0).value_or("");
    // The rows of a key stand together.
    if (key < 0 || text != last) key = index.Find(text);
    last = text;
    if (key < 0)
      return status::Internal(fmt::format("a row of \"{}\" belongs to none that was read", level->node->path));
    Level::Span& span = level->found[static_cast<std::size_t>(key)];
    if (span.size == 0) span.begin = row;
    if (++span.size <= most) continue;
    if (!rows.relation->many) {
      return TooMany(fmt::format("\"{}\": several rows of {} have the key by which there is to be one",
                                 level->node->path, rows.target->sql_name));
    }
    return TooMany(
        fmt::format("\"{}\" of one {} are more than {} rows (--max_page_size): choose some by expand {{path: \"{}\", "
                    "filter, order_by, page_size}}, or list them by themselves",
                    level->node->path, rows.table->FullMessage(), most, level->node->path));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Related::ReadLevels(db::Session& session, const std::vector<Level*>& levels, bool last) const {
  std::vector<sql::Statement> statements;
  for (const Level* level : levels) {
    const auto keys = static_cast<std::int64_t>(level->keys.size());
    // If there are more, those of one key are too many.
    const std::int64_t most = keys * bound_.limits().max_page_size + 1;
    statements.push_back(sql::SelectRelated(level->node->rows, level->keys, most));
    RETURN_IF_ERROR(bound_.CheckPlan(session, statements.back()));
  }
  std::vector<db::Statement> together;
  for (const sql::Statement& statement : statements) together.push_back({statement.text, statement.params});
  std::vector<db::Rows> rows;
  const auto whole = session.ReadAll(together, last, bound_.most_read(), &rows);
  if (!whole.ok()) {
    const std::size_t failed = std::min(rows.size(), levels.size() - 1);
    return OfOperator(whole.status(), statements[failed].text, *levels[failed]->node->rows.target);
  }
  if (!*whole) return false;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    levels[i]->rows = std::move(rows[i]);
    RETURN_IF_ERROR(Sort(levels[i]));
  }
  return true;
}

absl::StatusOr<bool> Related::Read(db::Session& session, const db::Rows& rows, std::int64_t begin, std::int64_t end,
                                   int skip, bool last) {
  begin_ = begin;
  levels_.clear();
  for (const RelatedNode& node : plan_.nodes) levels_.emplace_back().node = &node;
  std::vector<Parents> parents = {{rows, begin, end, skip, &levels_}};
  while (!parents.empty()) {
    std::vector<Level*> reading;
    for (const Parents& above : parents) {
      for (Level& level : *above.levels) {
        TakeKeys(above, &level);
        if (!level.keys.empty()) reading.push_back(&level);
      }
    }
    parents.clear();
    if (reading.empty()) break;
    const bool deepest = std::ranges::all_of(reading, [](const Level* level) { return level->node->nodes.empty(); });
    ASSIGN_OR_RETURN(const bool whole, ReadLevels(session, reading, last && deepest));
    if (!whole) return false;
    for (Level* level : reading) {
      for (const RelatedNode& node : level->node->nodes) level->below.emplace_back().node = &node;
      if (!level->below.empty()) parents.push_back({level->rows, 0, level->rows.size(), 1, &level->below});
    }
  }
  return true;
}

absl::Status Related::Append(std::int64_t row, std::string* out) const {
  const auto most = out->size() + static_cast<std::size_t>(bound_.limits().max_page_bytes);
  return AppendLevels(levels_, row - begin_, most, out);
}

absl::Status Related::AppendLevels(const std::vector<Level>& levels, std::int64_t row, std::size_t most,
                                   std::string* out) const {
  for (const Level& level : levels) {
    const int key = level.key_of[static_cast<std::size_t>(row)];
    if (key < 0) continue;
    const Level::Span span = level.found[static_cast<std::size_t>(key)];
    for (std::int64_t i = span.begin; i < span.begin + span.size; ++i) {
      const std::size_t begin = wire::BeginBytesField(level.node->rows.relation->number, out);
      thread_local std::vector<wire::Cell> cells;
      level.rows.Read(i, &cells);
      RETURN_IF_ERROR(level.node->encoder->Encode(std::span<const wire::Cell>(cells).subspan(1), out));
      RETURN_IF_ERROR(AppendLevels(level.below, i, most, out));
      wire::EndBytesField(begin, out);
      if (out->size() > most) return TooMuchRelated(bound_);
    }
  }
  return absl::OkStatus();
}

absl::Status AppendRow(const BoundTable& bound, const View& view, const db::Rows& rows, std::int64_t row, int skip,
                       const Related* related, std::string* out) {
  RETURN_IF_ERROR(bound.Encode(view, rows, row, out, skip));
  return related == nullptr ? absl::OkStatus() : related->Append(row, out);
}

absl::Status AppendElement(const BoundTable& bound, const View& view, const db::Rows& rows, std::int64_t row, int skip,
                           const Related* related, std::string* out) {
  const std::size_t begin = wire::BeginBytesField(contract::number::kRows, out);
  RETURN_IF_ERROR(AppendRow(bound, view, rows, row, skip, related, out));
  wire::EndBytesField(begin, out);
  return absl::OkStatus();
}

absl::Status TooMuchRelated(const BoundTable& bound) {
  return TooMany(
      fmt::format("what belongs to one {} is larger than {} bytes (--max_page_bytes): name fewer fields in read_mask, "
                  "choose some rows by expand, or list them by themselves",
                  bound.table().FullMessage(), bound.limits().max_page_bytes));
}

}  // namespace protogres::crud
