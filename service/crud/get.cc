// Get (AIP-131) and BatchGet (AIP-231), alone or several together.
#include <charconv>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "crud/batch.h"
#include "crud/methods.h"
#include "crud/row_error.h"
#include "sql/lock.h"
#include "status/macros.h"
#include "status/status.h"

namespace protogres::crud {
namespace {

using contract::MethodKind;

// The most keys that one statement of a group looks for: all of its rows are in memory.
constexpr std::size_t kMaxGroupKeys = 1000;
// The most bytes of these rows. The requests whose rows come after that are run alone.
constexpr std::int64_t kMaxGroupBytes = 8 * 1024 * 1024;

// A Get or BatchGet request, planned.
struct KeyedRead {
  View view;
  bool show_deleted = false;
  sql::Lock lock;
  std::vector<sql::Key> keys;
  // What the request says beside its keys and its lock: one statement can answer all requests of the same shape. Empty
  // where it says nothing.
  std::string shape;
};

// What a lock may have hidden is not there for the caller, but it exists.
absl::Status Missing(const BoundTable& bound, const sql::Key& key, const sql::Lock& lock) {
  return lock.skips_locked ? NotFoundOrLocked(bound.table(), key) : NotFound(bound.table(), key);
}

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

class GetOperation : public Operation {
 public:
  GetOperation(const BoundTable& bound, KeyedRead read, std::string sql)
      : bound_(bound), read_(std::move(read)), sql_(std::move(sql)) {}

  bool locks() const override { return !read_.lock.clause.empty(); }

  std::optional<db::Statement> Statement() const override { return db::Statement{sql_, Params()}; }
  absl::StatusOr<std::string> Answer(absl::StatusOr<db::Rows> rows, db::Session&) override {
    RETURN_IF_ERROR(rows.status());
    if (rows->empty()) return Missing(bound_, read_.keys.front(), read_.lock);
    std::string response;
    RETURN_IF_ERROR(bound_.Encode(read_.view, *rows, 0, &response));
    return response;
  }
  absl::StatusOr<std::string> Execute(db::Session& session) override {
    return Answer(session.Read(sql_, Params()), session);
  }

 private:
  std::vector<db::Param> Params() const { return {read_.keys.front().begin(), read_.keys.front().end()}; }

  const BoundTable& bound_;
  const KeyedRead read_;
  const std::string sql_;
};

// What Get and BatchGet have in common: how requests are answered, alone or in a group, from the rows that their keys
// name.
class KeyedMethod : public UnaryMethod {
 public:
  KeyedMethod(const BoundTable& bound, const Names& names)
      : UnaryMethod(names), bound_(bound), plain_(sql::HasPlainKey(bound.table())) {}

  // Of a sharded table each Get stays on one server.
  Grouping grouping() const override { return bound_.table().sharded() ? Grouping::kNone : Grouping::kStatement; }

  void RunGroup(std::span<GroupMember> members, const db::Access& access) const override {
    std::map<std::string, std::vector<GroupedRead>> by_shape;
    for (GroupMember& member : members) {
      auto read = PlanRead(member.request);
      if (!read.ok()) {
        member.response = read.status();
      } else if (read->lock.clause.empty()) {
        auto& group = by_shape[read->shape];
        group.push_back({&member, *std::move(read)});
      }
    }
    // Without a connection each member is run alone, and hears of it there.
    const auto session = access.Open();
    if (!session.ok()) return;
    for (auto& [shape, group] : by_shape) {
      for (std::span<const GroupedRead> rest(group); !rest.empty();) {
        const std::size_t count = CountOfNextStatement(rest);
        if (!AnswerTogether(rest.first(count), **session)) return;
        rest = rest.subspan(count);
      }
    }
    // What a view's functions have written; the rows are read whatever becomes of it.
    (*session)->Commit().IgnoreError();
  }

  // The statement that reads the rows which `keys` name, in the shape of `read`.
  sql::Statement Select(const KeyedRead& read, const std::vector<sql::Key>& keys) const {
    return plain_ ? sql::SelectByAnyKey(bound_.table(), read.view.projection, read.show_deleted, keys)
                  : sql::SelectByKeys(bound_.table(), read.view.projection, read.show_deleted, keys);
  }
  bool plain() const { return plain_; }

  // The response to `read`, whose first key stood at `position` in the statement that has read `rows`.
  virtual absl::StatusOr<std::string> Respond(const KeyedRead& read, std::size_t position, RowsByKey* rows) const = 0;

 protected:
  virtual absl::StatusOr<KeyedRead> PlanRead(std::string_view bytes) const = 0;

  // Adds what the request says beside its keys to `read`.
  absl::Status PlanShape(const wire::Request& request, bool etag_by_default, KeyedRead* read) const {
    ASSIGN_OR_RETURN(read->view, bound_.Masked(request.mask, etag_by_default));
    read->show_deleted = request.show_deleted;
    if (!request.lock.empty()) {
      ASSIGN_OR_RETURN(read->lock, sql::ParseLock(request.lock));
    }
    if (request.show_deleted) read->shape = "deleted";
    if (!request.mask.has_value()) return absl::OkStatus();
    for (const std::string& path : *request.mask) read->shape += "," + path;
    return absl::OkStatus();
  }

  const BoundTable& bound_;

 private:
  struct GroupedRead {
    GroupMember* member;
    KeyedRead read;
  };

  // How many of `group` the next statement answers: at least one.
  static std::size_t CountOfNextStatement(std::span<const GroupedRead> group) {
    std::size_t keys = group.front().read.keys.size();
    std::size_t count = 1;
    while (count < group.size() && keys + group[count].read.keys.size() <= kMaxGroupKeys) {
      keys += group[count++].read.keys.size();
    }
    return count;
  }

  // Answers all of `group`, which are of one shape, by one statement. False: the statement failed, and they have no
  // response.
  bool AnswerTogether(std::span<const GroupedRead> group, db::Session& session) const {
    std::size_t size = 0;
    for (const auto& [member, read] : group) size += read.keys.size();
    std::vector<sql::Key> keys;
    keys.reserve(size);
    for (const auto& [member, read] : group) keys.insert(keys.end(), read.keys.begin(), read.keys.end());
    const auto statement = Select(group.front().read, keys);
    const auto rows = session.ReadSome(statement.text, statement.params, kMaxGroupBytes);
    if (!rows.ok()) return false;
    RowsByKey by_key(*rows, plain_);
    std::size_t position = 0;
    for (const auto& [member, read] : group) {
      auto response = Respond(read, position, &by_key);
      // A row that is missing may be one of those that were not read: alone the request finds it.
      if (!rows->cut() || response.ok()) member->response = std::move(response);
      position += read.keys.size();
    }
    return true;
  }

  const bool plain_;
};

class GetMethod : public KeyedMethod {
 public:
  GetMethod(const BoundTable& bound, const Names& names)
      : KeyedMethod(bound, names), whole_sql_(sql::SelectByKey(bound.table(), bound.whole().projection, false)) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    ASSIGN_OR_RETURN(KeyedRead read, PlanRead(bytes));
    std::string sql =
        read.shape.empty() ? whole_sql_ : sql::SelectByKey(bound_.table(), read.view.projection, read.show_deleted);
    sql += read.lock.clause;
    return std::make_unique<GetOperation>(bound_, std::move(read), std::move(sql));
  }

  absl::StatusOr<std::string> Respond(const KeyedRead& read, std::size_t position, RowsByKey* rows) const override {
    const std::int64_t row = rows->Find(read.keys.front(), position);
    if (row < 0) return Missing(bound_, read.keys.front(), read.lock);
    std::string response;
    RETURN_IF_ERROR(bound_.Encode(read.view, rows->rows(), row, &response, /*skip=*/1));
    return response;
  }

 protected:
  absl::StatusOr<KeyedRead> PlanRead(std::string_view bytes) const override {
    ASSIGN_OR_RETURN(const wire::Request& request, bound_.Decode(MethodKind::kGet, bytes));
    KeyedRead read;
    ASSIGN_OR_RETURN(sql::Key key, bound_.KeyOf(request));
    read.keys.push_back(std::move(key));
    RETURN_IF_ERROR(PlanShape(request, /*etag_by_default=*/true, &read));
    return read;
  }

 private:
  const std::string whole_sql_;
};

class BatchGetOperation : public Operation {
 public:
  BatchGetOperation(const KeyedMethod& method, KeyedRead read)
      : method_(method), read_(std::move(read)), statement_(method.Select(read_, read_.keys)) {
    statement_.text += read_.lock.clause;
  }

  bool locks() const override { return !read_.lock.clause.empty(); }

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    ASSIGN_OR_RETURN(const db::Rows rows, session.Read(statement_.text, statement_.params));
    RowsByKey by_key(rows, method_.plain());
    return method_.Respond(read_, 0, &by_key);
  }

 private:
  const KeyedMethod& method_;
  const KeyedRead read_;
  sql::Statement statement_;
};

class BatchGetMethod : public KeyedMethod {
 public:
  using KeyedMethod::KeyedMethod;

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    ASSIGN_OR_RETURN(KeyedRead read, PlanRead(bytes));
    return std::make_unique<BatchGetOperation>(*this, std::move(read));
  }

  absl::StatusOr<std::string> Respond(const KeyedRead& read, std::size_t position, RowsByKey* rows) const override {
    std::string response;
    absl::Status failed;
    // After a failure it goes on to the end: the rows of the keys that follow are to be passed over.
    for (std::size_t i = 0; i < read.keys.size(); ++i) {
      const std::int64_t row = rows->Find(read.keys[i], position + i);
      if (!failed.ok()) continue;
      failed = row < 0 ? status::Within(ElementPath(i), Missing(bound_, read.keys[i], read.lock))
                       : bound_.EncodeElement(read.view, rows->rows(), row, &response, /*skip=*/1);
    }
    RETURN_IF_ERROR(failed);
    return response;
  }

 protected:
  absl::StatusOr<KeyedRead> PlanRead(std::string_view bytes) const override {
    ASSIGN_OR_RETURN(const wire::Request& batch, DecodeBatch(bound_, MethodKind::kBatchGet, bytes));
    KeyedRead read;
    RETURN_IF_ERROR(PlanShape(batch, /*etag_by_default=*/false, &read));
    ASSIGN_OR_RETURN(read.keys, PlanElements(batch, [this](std::string_view element) { return PlanKey(element); }));
    return read;
  }

 private:
  absl::StatusOr<sql::Key> PlanKey(std::string_view bytes) const {
    ASSIGN_OR_RETURN(const wire::Request& element, bound_.Decode(MethodKind::kGet, bytes));
    if (!element.lock.empty()) return OnlyOfBatch("lock");
    if (element.show_deleted) return OnlyOfBatch("show_deleted");
    if (element.mask.has_value()) return OnlyOfBatch("read_mask");
    return bound_.KeyOf(element);
  }
};

}  // namespace

std::unique_ptr<Method> MakeGet(const BoundTable& bound, const Method::Names& names) {
  return std::make_unique<GetMethod>(bound, names);
}
std::unique_ptr<Method> MakeBatchGet(const BoundTable& bound, const Method::Names& names) {
  return std::make_unique<BatchGetMethod>(bound, names);
}

}  // namespace protogres::crud
