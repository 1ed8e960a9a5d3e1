#include "crud/nested_write.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "crud/batch.h"
#include "crud/insert_rows.h"
#include "crud/match.h"
#include "crud/row_error.h"
#include "crud/write_operation.h"
#include "fmt/format.h"
#include "status/macros.h"
#include "status/status.h"
#include "text/excerpt.h"
#include "text/number.h"
#include "wire/writer.h"

namespace protogres::crud {
namespace {

using contract::Field;
using contract::Relation;
using contract::Table;

// The rows of a level, as far as they are written.
struct Level {
  const NestedRows* planned = nullptr;
  const Level* above = nullptr;  // null: the first
  std::vector<Level> before;
  std::vector<Level> after;
  // Where each row is found as it is stored; a row less than 0 is not stored.
  struct Stored {
    db::Rows rows;
    std::int64_t row = -1;
    int skip = 0;  // the columns before those of BoundTable::whole
  };
  std::vector<Stored> stored;

  const Table& table() const { return planned->bound->table(); }
};

std::size_t CountLevels(const NestedRows& tree) {
  std::size_t count = 1;
  for (const NestedRows& level : tree.before) count += CountLevels(level);
  for (const NestedRows& level : tree.after) count += CountLevels(level);
  return count;
}

// A row of any level may turn out to be one that cannot be answered.
bool EncodesBeforeCommit(const NestedRows& tree) {
  return tree.bound->EncodesBeforeCommit() || std::ranges::any_of(tree.before, EncodesBeforeCommit) ||
         std::ranges::any_of(tree.after, EncodesBeforeCommit);
}

// `level` must not be moved afterwards.
void Prepare(const NestedRows& planned, const Level* above, Level* level) {
  level->planned = &planned;
  level->above = above;
  level->before.resize(planned.before.size());
  level->after.resize(planned.after.size());
  for (std::size_t i = 0; i < planned.before.size(); ++i) Prepare(planned.before[i], level, &level->before[i]);
  for (std::size_t i = 0; i < planned.after.size(); ++i) Prepare(planned.after[i], level, &level->after[i]);
}

class NestedWriter {
 public:
  // `commits`: the COMMIT may go with the last INSERT.
  NestedWriter(const NestedRows& tree, bool batch, Several several, bool commits, db::Session& session)
      : batch_(batch), several_(several), commits_(commits), session_(session), left_(CountLevels(tree)) {
    Prepare(tree, nullptr, &root_);
  }

  // False: see InsertRows.
  absl::StatusOr<bool> Write() {
    ASSIGN_OR_RETURN(const bool told, Write(&root_));
    if (told && !read_again_) RETURN_IF_ERROR(ReadAgain());
    return told;
  }

  absl::StatusOr<std::string> Answer() const {
    std::string response;
    for (std::size_t i = 0; i < root_.stored.size(); ++i) {
      const std::size_t begin = batch_ ? wire::BeginBytesField(contract::number::kRows, &response) : 0;
      RETURN_IF_ERROR(Append(root_, i, &response));
      if (batch_) wire::EndBytesField(begin, &response);
    }
    return response;
  }

 private:
  absl::StatusOr<bool> Write(Level* level) {
    for (Level& before : level->before) {
      ASSIGN_OR_RETURN(const bool told, Write(&before));
      if (!told) return false;
    }
    ASSIGN_OR_RETURN(const bool told, Insert(level));
    if (!told) return false;
    for (Level& after : level->after) {
      ASSIGN_OR_RETURN(const bool below, Write(&after));
      if (!below) return false;
    }
    return true;
  }

  absl::StatusOr<bool> Insert(Level* level) {
    std::vector<sql::Row> rows = level->planned->rows;
    for (const Level& before : level->before) {
      const auto& places = before.planned->places;
      for (std::size_t i = 0; i < places.size(); ++i) {
        RETURN_IF_ERROR(Fill(before, i, *level, places[i].above, &rows[places[i].above]));
      }
    }
    if (level->above != nullptr && level->planned->relation->reverse) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        RETURN_IF_ERROR(Fill(*level->above, level->planned->places[i].above, *level, i, &rows[i]));
      }
    }
    level->stored.assign(rows.size(), {});
    const auto take = [&](std::size_t index, const db::Rows& stored, std::int64_t row) {
      level->stored[index] = {stored, row, /*skip=*/0};
      return absl::OkStatus();
    };
    const auto locate = [&](std::optional<std::size_t> index, const absl::Status& error) {
      if (!index.has_value()) return status::Within(ListPath(*level), error);
      const std::string path = PathOf(*level, *index);
      const absl::Status located = Locate(level->table(), error, rows[*index], path);
      return located == error ? status::Within(path, error) : located;
    };
    // Of several rows it is seen after the INSERT whether all must be done again.
    if (--left_ == 0 && commits_ && rows.size() == 1) {
      std::vector<db::Rows> read;
      RETURN_IF_ERROR(InsertAndCommit(*level->planned->bound, rows.front(), SelectsAgain(), session_,
                                      {.take = take, .locate = locate}, &read));
      TakeAgain(read);
      return true;
    }
    written_.push_back(level);
    return InsertRows(*level->planned->bound, rows, several_, session_, {.take = take, .locate = locate});
  }

  // The indexes of the rows of the level that a trigger of rows that were written later may have changed.
  static std::vector<std::size_t> MayChange(const Level& level) {
    std::vector<std::size_t> rows;
    const Table& table = level.table();
    if (!table.has_etag || !table.key_unique || table.key.empty()) return rows;
    for (std::size_t i = 0; i < level.stored.size(); ++i) {
      if (level.stored[i].row >= 0) rows.push_back(i);
    }
    return rows;
  }

  static db::Statement SelectAgain(const Level& level, const std::vector<std::size_t>& indexes) {
    const BoundTable& bound = *level.planned->bound;
    std::vector<sql::Key> keys;
    for (const std::size_t i : indexes) {
      const auto& [rows, row, skip] = level.stored[i];
      sql::Key& key = keys.emplace_back();
      for (const int field : level.table().key) key.emplace_back(bound.CellOf(field, rows, row).value_or(""));
    }
    const sql::Projection& projection = bound.whole().projection;
    if (keys.size() == 1) {
      return {.sql = sql::SelectByKey(level.table(), projection, /*show_deleted=*/true),
              .params = {keys.front().begin(), keys.front().end()}};
    }
    sql::Statement select = sql::SelectByKeys(level.table(), projection, /*show_deleted=*/true, keys);
    return {.sql = std::move(select.text), .params = std::move(select.params)};
  }

  // What reads the rows of the levels that are written.
  std::vector<db::Statement> SelectsAgain() const {
    std::vector<db::Statement> selects;
    for (const Level* level : written_) {
      if (const auto indexes = MayChange(*level); !indexes.empty()) selects.push_back(SelectAgain(*level, indexes));
    }
    return selects;
  }

  // Takes what the statements of SelectsAgain have read. A row that is not among it is answered as its INSERT has
  // returned it: the role may not see it any more.
  void TakeAgain(const std::vector<db::Rows>& read) {
    auto rows = read.begin();
    for (Level* level : written_) {
      const auto indexes = MayChange(*level);
      if (indexes.empty()) continue;
      // Before the columns of several rows is the position, from 1.
      const int skip = indexes.size() == 1 ? 0 : 1;
      for (std::int64_t i = 0; i < rows->size(); ++i) {
        const std::size_t n = skip == 0 ? 1 : text::ParseNumber<std::size_t>(rows->Cell(i, 0).value_or("")).value_or(0);
        if (n > 0 && n <= indexes.size()) level->stored[indexes[n - 1]] = {*rows, i, skip};
      }
      ++rows;
    }
    read_again_ = true;
  }

  // Reads again what may have changed, and commits with it if that is allowed.
  absl::Status ReadAgain() {
    written_.pop_back();  // the last
    const std::vector<db::Statement> selects = SelectsAgain();
    if (selects.empty()) return absl::OkStatus();
    std::vector<db::Rows> read;
    RETURN_IF_ERROR(session_.RunAll(selects, commits_, &read));
    TakeAgain(read);
    return absl::OkStatus();
  }

  // Gives the columns of the foreign key of `row`, which is row `i` of `to`, the key of row `k` of `from`, to which it
  // refers.
  absl::Status Fill(const Level& from, std::size_t k, const Level& to, std::size_t i, sql::Row* row) const {
    const Relation& relation = to.above == &from ? *to.planned->relation : *from.planned->relation;
    const bool reverse = to.above == &from;
    const auto& keys = reverse ? relation.fields : relation.target_fields;
    const auto& filled = reverse ? relation.target_fields : relation.fields;
    for (std::size_t n = 0; n < keys.size(); ++n) {
      const Field& key = from.table().field(keys[n]);
      const auto& [rows, index, skip] = from.stored[k];
      const auto value = index < 0 ? std::nullopt : from.planned->bound->CellOf(keys[n], rows, index);
      if (!value.has_value()) return NoKey(PathOf(from, k), index < 0, key, PathOf(to, i));
      RETURN_IF_ERROR(Assign(key, *value, from, to, i, filled[n], row));
    }
    return absl::OkStatus();
  }

  absl::Status Assign(const Field& key, std::string_view value, const Level& from, const Level& to, std::size_t i,
                      int filled, sql::Row* row) const {
    const auto given = std::ranges::find(*row, filled, &sql::Assignment::field);
    if (given == row->end()) {
      row->push_back({.field = filled, .value = std::string(value)});
      return absl::OkStatus();
    }
    const Field& field = to.table().field(filled);
    // A mask gives NULL to what is not set, and an array that must not be NULL is empty then.
    const bool unset = !given->value.has_value() || (field.type.repeated && *given->value == sql::kEmptyArray);
    if (!unset && !IsSame(field.type, *given->value, value)) {
      return status::BadRequest(
          fmt::format("{}.{}", PathOf(to, i), field.name),
          fmt::format("is {}, but the {} that it is written with has {} = {}: leave it unset",
                      text::Excerpt(*given->value), from.table().FullMessage(), key.name, text::Excerpt(value)));
    }
    given->value = std::string(value);
    return absl::OkStatus();
  }

  static absl::Status NoKey(const std::string& path, bool lost, const Field& key, const std::string& by) {
    return status::Error(
        absl::StatusCode::kFailedPrecondition,
        lost ? fmt::format("{}: the database has kept the row from being stored, so that {} cannot refer to it", path,
                           by)
             : fmt::format("{}: was stored without a {}, so that {} cannot refer to it", path, key.name, by),
        status::kForeignKeyViolation);
  }

  // "order.order_items[3]"
  std::string PathOf(const Level& level, std::size_t index) const {
    if (level.above == nullptr) {
      return batch_ ? fmt::format("{}.{}", ElementPath(index), level.table().row_field) : level.table().row_field;
    }
    const NestedRows::Place& place = level.planned->places[index];
    return fmt::format("{}.{}", PathOf(*level.above, place.above), StepTo(*level.planned->relation, place.index));
  }

  // That of all rows of the level, without indexes: "order.order_items.remarks".
  std::string ListPath(const Level& level) const {
    if (level.above == nullptr) return batch_ ? "requests" : level.table().row_field;
    return fmt::format("{}.{}", ListPath(*level.above), level.planned->relation->name);
  }

  // Appends row `index` of `level`, and what is below it.
  absl::Status Append(const Level& level, std::size_t index, std::string* out) const {
    const auto& [rows, row, skip] = level.stored[index];
    const BoundTable& bound = *level.planned->bound;
    // A row that a trigger has kept from being stored is an empty one, so that the others keep their places.
    const absl::Status encoded = row < 0 ? absl::OkStatus() : bound.Encode(bound.whole(), rows, row, out, skip);
    if (!encoded.ok()) return status::Within(PathOf(level, index), encoded);
    for (const auto* relations : {&level.before, &level.after}) {
      for (const Level& below : *relations) {
        const auto& places = below.planned->places;
        auto place = std::ranges::lower_bound(places, index, {}, &NestedRows::Place::above);
        for (; place != places.end() && place->above == index; ++place) {
          const std::size_t begin = wire::BeginBytesField(below.planned->relation->number, out);
          RETURN_IF_ERROR(Append(below, static_cast<std::size_t>(place - places.begin()), out));
          wire::EndBytesField(begin, out);
        }
      }
    }
    return absl::OkStatus();
  }

  const bool batch_;
  const Several several_;
  const bool commits_;
  db::Session& session_;
  std::size_t left_;             // the levels that are not written yet
  std::vector<Level*> written_;  // in their order
  bool read_again_ = false;
  Level root_;
};

class NestedOperation : public WriteOperation {
 public:
  // Alone it begins its transaction itself: so it knows whether it may be begun again.
  NestedOperation(const wire::Request& request, NestedRows tree, bool batch)
      : WriteOperation(request, /*explicit_transaction=*/false), tree_(std::move(tree)), batch_(batch) {}

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    const bool alone = !session.in_transaction();
    if (alone) RETURN_IF_ERROR(session.Restart());
    const bool commits = alone && !EncodesBeforeCommit(tree_);
    NestedWriter writer(tree_, batch_, alone ? Several::kAtOnce : Several::kSavepoint, commits, session);
    ASSIGN_OR_RETURN(const bool told, writer.Write());
    if (told) return writer.Answer();
    RETURN_IF_ERROR(session.Restart());
    NestedWriter each(tree_, batch_, Several::kEach, /*commits=*/false, session);
    RETURN_IF_ERROR(each.Write().status());
    return each.Answer();
  }

 private:
  const NestedRows tree_;
  const bool batch_;
};

}  // namespace

std::unique_ptr<Operation> MakeNestedOperation(const wire::Request& request, NestedRows tree, bool batch) {
  return std::make_unique<NestedOperation>(request, std::move(tree), batch);
}

}  // namespace protogres::crud
