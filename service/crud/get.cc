// Get (AIP-131) and BatchGet (AIP-231), alone or several together.
#include <map>
#include <optional>
#include <utility>

#include "crud/batch.h"
#include "crud/methods.h"
#include "crud/operator_error.h"
#include "crud/related.h"
#include "crud/row_error.h"
#include "crud/rows_by_key.h"
#include "crud/view_cache.h"
#include "db/memory.h"
#include "sql/lock.h"
#include "status/macros.h"
#include "status/status.h"

namespace protogres::crud {
namespace {

using contract::MethodKind;

// The most keys that one statement of a group looks for: all of its rows are in memory.
constexpr std::size_t kMaxGroupKeys = 1000;
// The most bytes of these rows, and about the most of the responses that are made of them at once. The requests that
// come after that are run alone.
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

db::SessionOptions SessionOf(const KeyedRead& read) {
  return read.view.related ? OfOneSnapshot() : db::SessionOptions{};
}

// What a lock may have hidden is not there for the caller, but it exists.
absl::Status Missing(const BoundTable& bound, const sql::Key& key, const sql::Lock& lock) {
  return lock.skips_locked ? NotFoundOrLocked(bound.table(), key) : NotFound(bound.table(), key);
}

class GetOperation : public Operation {
 public:
  GetOperation(const BoundTable& bound, KeyedRead read, std::string sql)
      : bound_(bound), read_(std::move(read)), sql_(std::move(sql)) {}

  bool locks() const override { return !read_.lock.clause.empty(); }

  db::SessionOptions session() const override { return SessionOf(read_); }

  std::optional<db::Statement> Statement() const override {
    if (read_.view.related) return std::nullopt;
    return db::Statement{sql_, Params()};
  }
  absl::StatusOr<std::string> Answer(absl::StatusOr<db::Rows> rows, db::Session& session) override {
    if (!rows.ok()) return OfComputed(rows.status(), sql_, bound_.table());
    if (rows->empty()) return Missing(bound_, read_.keys.front(), read_.lock);
    std::string response;
    if (read_.view.related) {
      Related related(bound_, *read_.view.related);
      ASSIGN_OR_RETURN(const bool whole, related.Read(session, *rows, 0, 1, /*skip=*/0, /*last=*/true));
      if (!whole) return TooMuchRelated(bound_);
      RETURN_IF_ERROR(AppendRow(bound_, read_.view, *rows, 0, /*skip=*/0, &related, &response));
    } else {
      RETURN_IF_ERROR(bound_.Encode(read_.view, *rows, 0, &response));
    }
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
    Groups plain;
    Groups related;
    for (GroupMember& member : members) {
      auto read = PlanRead(member.request);
      if (!read.ok()) {
        member.response = read.status();
      } else if (read->lock.clause.empty()) {
        auto& group = (read->view.related ? related : plain)[read->shape];
        group.push_back({&member, *std::move(read)});
      }
    }
    AnswerGroups(plain, access, {});
    AnswerGroups(related, access, OfOneSnapshot());
  }

  // The statement that reads the rows which `keys` name, in the shape of `read`.
  sql::Statement Select(const KeyedRead& read, const std::vector<sql::Key>& keys) const {
    return plain_ ? sql::SelectByAnyKey(bound_.table(), read.view.projection, read.show_deleted, keys)
                  : sql::SelectByKeys(bound_.table(), read.view.projection, read.show_deleted, keys);
  }
  bool plain() const { return plain_; }
  const BoundTable& bound() const { return bound_; }

  // The response to `read`, whose first key stood at `position` in the statement that has read `rows`.
  // `related` has what belongs to these rows; null: it is not asked for.
  virtual absl::StatusOr<std::string> Respond(const KeyedRead& read, std::size_t position, RowsByKey* rows,
                                              const Related* related) const = 0;

 protected:
  virtual absl::StatusOr<KeyedRead> PlanRead(std::string_view bytes) const = 0;

  // Adds what the request says beside its keys to `read`.
  absl::Status PlanShape(const wire::Request& request, bool etag_by_default, KeyedRead* read) const {
    read->shape = ShapeOf(request);
    ASSIGN_OR_RETURN(read->view, bound_.Asked(request, etag_by_default, read->shape));
    read->show_deleted = request.show_deleted;
    if (!request.lock.empty()) {
      ASSIGN_OR_RETURN(read->lock, sql::ParseLock(request.lock));
    }
    return absl::OkStatus();
  }

  const BoundTable& bound_;

 private:
  struct GroupedRead {
    GroupMember* member;
    KeyedRead read;
  };
  using Groups = std::map<std::string, std::vector<GroupedRead>>;  // by the shape of their requests

  // Without a connection, or after an error, each member is run alone, and hears of it there.
  void AnswerGroups(const Groups& groups, const db::Access& access, const db::SessionOptions& options) const {
    if (groups.empty()) return;
    const auto session = access.Open(options);
    if (!session.ok()) return;
    for (const auto& [shape, group] : groups) {
      for (std::span<const GroupedRead> rest(group); !rest.empty();) {
        const std::size_t count = CountOfNextStatement(rest);
        const bool last = count == rest.size() && &group == &groups.rbegin()->second;
        if (!AnswerTogether(rest.first(count), last, **session)) return;
        rest = rest.subspan(count);
      }
    }
    // What a view's functions have written; the rows are read whatever becomes of it.
    (*session)->Commit().IgnoreError();
  }

  // The first statement of several, which goes with its BEGIN.
  static absl::StatusOr<db::Rows> ReadWhole(db::Session& session, const sql::Statement& statement) {
    const db::Statement one{statement.text, statement.params};
    std::vector<db::Rows> rows;
    ASSIGN_OR_RETURN(const bool whole, session.ReadAll({&one, 1}, /*last=*/false, kMaxGroupBytes, &rows));
    if (!whole) return status::Internal("the rows of a group are too large");
    return rows.front();
  }

  // How many of `group` the next statement answers: at least one.
  static std::size_t CountOfNextStatement(std::span<const GroupedRead> group) {
    std::size_t keys = group.front().read.keys.size();
    std::size_t count = 1;
    while (count < group.size() && keys + group[count].read.keys.size() <= kMaxGroupKeys) {
      keys += group[count++].read.keys.size();
    }
    return count;
  }

  // Answers all of `group`, which are of one shape, by one statement, and one for each relation. `last`: nothing
  // follows in the session. False: a statement failed, and they have no response.
  bool AnswerTogether(std::span<const GroupedRead> group, bool last, db::Session& session) const {
    std::size_t size = 0;
    for (const auto& [member, read] : group) size += read.keys.size();
    std::vector<sql::Key> keys;
    keys.reserve(size);
    for (const auto& [member, read] : group) keys.insert(keys.end(), read.keys.begin(), read.keys.end());
    const auto statement = Select(group.front().read, keys);
    const View& view = group.front().read.view;
    const auto rows = view.related ? ReadWhole(session, statement)
                                   : session.ReadSome(statement.text, statement.params, kMaxGroupBytes);
    if (!rows.ok()) return false;
    std::optional<Related> related;
    if (view.related) {
      related.emplace(bound_, *view.related);
      const auto whole = related->Read(session, *rows, 0, rows->size(), /*skip=*/1, last);
      // What is too much for all of them may not be for each.
      if (!whole.ok() || !*whole) return false;
    }
    RowsByKey by_key(*rows, plain_);
    std::size_t position = 0;
    std::size_t made = 0;
    for (const auto& [member, read] : group) {
      // A row may be in many responses, and what belongs to it too.
      if (made > static_cast<std::size_t>(kMaxGroupBytes)) break;
      auto response = Respond(read, position, &by_key, related.has_value() ? &*related : nullptr);
      // A row that is missing may be one of those that were not read: alone the request finds it.
      made += response.ok() ? response->size() : 0;
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

  absl::StatusOr<std::string> Respond(const KeyedRead& read, std::size_t position, RowsByKey* rows,
                                      const Related* related) const override {
    const std::int64_t row = rows->Find(read.keys.front(), position);
    if (row < 0) return Missing(bound_, read.keys.front(), read.lock);
    std::string response;
    RETURN_IF_ERROR(AppendRow(bound_, read.view, rows->rows(), row, /*skip=*/1, related, &response));
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
  db::SessionOptions session() const override { return SessionOf(read_); }

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    const auto rows = session.Read(statement_.text, statement_.params);
    if (!rows.ok()) return OfComputed(rows.status(), statement_.text, method_.bound().table());
    RowsByKey by_key(*rows, method_.plain());
    if (!read_.view.related) return method_.Respond(read_, 0, &by_key, nullptr);
    Related related(method_.bound(), *read_.view.related);
    ASSIGN_OR_RETURN(const bool whole, related.Read(session, *rows, 0, rows->size(), /*skip=*/1, /*last=*/true));
    if (!whole) return TooMuchRelated(method_.bound());
    return method_.Respond(read_, 0, &by_key, &related);
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

  absl::StatusOr<std::string> Respond(const KeyedRead& read, std::size_t position, RowsByKey* rows,
                                      const Related* related) const override {
    std::string response;
    absl::Status failed;
    db::Memory::Hold hold;
    // After a failure it goes on to the end: the rows of the keys that follow are to be passed over.
    for (std::size_t i = 0; i < read.keys.size(); ++i) {
      const std::int64_t row = rows->Find(read.keys[i], position + i);
      if (!failed.ok()) continue;
      failed = row < 0 ? status::Within(ElementPath(i), Missing(bound_, read.keys[i], read.lock))
                       : AppendElement(bound_, read.view, rows->rows(), row, /*skip=*/1, related, &response);
      // What was counted when the rows were read is not enough: a row may stand in it many times.
      if (failed.ok() && response.size() > static_cast<std::size_t>(kMaxGroupBytes)) {
        failed = db::Memory::OfProcess().Resize(response.size(), &hold);
      }
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
    if (!element.expand.empty()) return OnlyOfBatch("expand");
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
