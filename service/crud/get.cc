// Get (AIP-131) and BatchGet (AIP-231), alone or several together.
#include <charconv>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "crud/methods.h"
#include "fmt/format.h"
#include "sql/lock.h"
#include "status/status.h"

namespace protogres::crud {
namespace {

using contract::MethodKind;

// Keys that one statement of several requests looks for at the most: its rows are all in memory.
constexpr std::size_t kMaxKeysTogether = 1000;

// Bytes of these rows: beyond it the rest of the requests are run alone.
constexpr std::int64_t kMaxBytesTogether = 8 * 1024 * 1024;

// What a request asks for.
struct KeyedRead {
  View view;
  bool show_deleted = false;
  sql::Lock lock;
  std::vector<sql::Key> keys;
  // The same for all requests that one statement can answer; empty for those that choose nothing.
  std::string choice;
};

// What a lock may have hidden is not there for the caller, but it exists.
absl::Status NotFound(const BoundTable& bound, const sql::Key& key, const sql::Lock& lock) {
  const absl::Status missing = bound.NotFound(key);
  if (!lock.skips_locked) return missing;
  return status::Error(missing.code(), fmt::format("{}, or is locked and was skipped", std::string(missing.message())),
                       status::kRowNotFound, {{"table", bound.table().name}});
}

// Rows read by their keys, and where the row of each key is.
class RowsByKey {
 public:
  // `plain`: of sql::SelectByAnyKey, which come with their key; else of sql::SelectByKeys, which come in the order of
  // the keys, each with its position. `rows` must outlive it.
  RowsByKey(const db::Rows& rows, bool plain) : rows_(rows), plain_(plain) {
    if (!plain) return;
    by_key_.reserve(static_cast<std::size_t>(rows.size()));
    for (std::int64_t row = 0; row < rows.size(); ++row) by_key_.emplace(rows.Cell(row, 0).value_or(""), row);
  }

  const db::Rows& rows() const { return rows_; }

  // The row of `key`, which was at `position`, counted from 0 and never going back; -1: there is none.
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
  // Of the key that `row` was found by, counted from 0.
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

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    const sql::Key& key = read_.keys.front();
    const std::vector<db::Param> params(key.begin(), key.end());
    const auto rows = session.Read(sql_, params);
    if (!rows.ok()) return rows.status();
    if (rows->empty()) return NotFound(bound_, key, read_.lock);
    std::string response;
    if (auto status = bound_.Encode(read_.view, *rows, 0, &response); !status.ok()) return status;
    return response;
  }

 private:
  const BoundTable& bound_;
  const KeyedRead read_;
  const std::string sql_;
};

// What both have in common: how a request is answered from the rows of SelectByKeys.
class KeyedMethod : public UnaryMethod {
 public:
  KeyedMethod(const BoundTable& bound, const Names& names)
      : UnaryMethod(names), bound_(bound), plain_(sql::HasPlainKey(bound.table())) {}

  Grouping grouping() const override { return Grouping::kStatement; }

  void RunGroup(std::span<GroupMember> members, db::Pool& pool, const db::Cancellation& cancellation) const override {
    std::map<std::string, std::vector<Part>> choices;
    for (GroupMember& member : members) {
      auto read = PlanRead(member.request);
      if (!read.ok()) {
        member.response = read.status();
      } else if (read->lock.clause.empty()) {
        auto& parts = choices[read->choice];
        parts.push_back({&member, *std::move(read)});
      }
    }
    // Without a connection they all hear of it by themselves.
    const auto session = db::Session::Open(pool, cancellation);
    if (!session.ok()) return;
    for (auto& [choice, parts] : choices) {
      for (std::size_t begin = 0, end = 0; begin < parts.size(); begin = end) {
        std::size_t keys = 0;
        while (end < parts.size() && (end == begin || keys + parts[end].read.keys.size() <= kMaxKeysTogether)) {
          keys += parts[end++].read.keys.size();
        }
        if (!Answer(std::span(parts).subspan(begin, end - begin), keys, **session)) return;
      }
    }
  }

  // Reads what `keys` name as `read` says.
  sql::Statement Select(const KeyedRead& read, const std::vector<sql::Key>& keys) const {
    return plain_ ? sql::SelectByAnyKey(bound_.table(), read.view.projection, read.show_deleted, keys)
                  : sql::SelectByKeys(bound_.table(), read.view.projection, read.show_deleted, keys);
  }
  bool plain() const { return plain_; }

  // The response to `read` from rows in which its keys begin at `position`.
  virtual absl::StatusOr<std::string> Respond(const KeyedRead& read, std::size_t position, RowsByKey* rows) const = 0;

 protected:
  virtual absl::StatusOr<KeyedRead> PlanRead(std::string_view bytes) const = 0;

  // What Get and BatchGet requests say alike.
  absl::Status Choose(const wire::Request& request, bool etag_by_default, KeyedRead* read) const {
    auto view = bound_.Masked(request.mask, etag_by_default);
    if (!view.ok()) return view.status();
    read->view = *std::move(view);
    read->show_deleted = request.show_deleted;
    if (!request.lock.empty()) {
      auto lock = sql::ParseLock(request.lock);
      if (!lock.ok()) return lock.status();
      read->lock = *std::move(lock);
    }
    if (request.show_deleted) read->choice = "deleted";
    if (!request.mask.has_value()) return absl::OkStatus();
    for (const std::string& path : *request.mask) read->choice += "," + path;
    return absl::OkStatus();
  }

  const BoundTable& bound_;

 private:
  const bool plain_;

  struct Part {
    GroupMember* member;
    KeyedRead read;
  };

  // False: the statement failed, and its parts have no response.
  bool Answer(std::span<Part> parts, std::size_t size, db::Session& session) const {
    std::vector<sql::Key> keys;
    keys.reserve(size);
    for (const Part& part : parts) keys.insert(keys.end(), part.read.keys.begin(), part.read.keys.end());
    const auto statement = Select(parts.front().read, keys);
    const auto rows = session.ReadSome(statement.text, statement.params, kMaxBytesTogether);
    if (!rows.ok()) return false;
    RowsByKey by_key(*rows, plain_);
    std::size_t position = 0;
    for (const Part& part : parts) {
      auto response = Respond(part.read, position, &by_key);
      // Its row may be one of those that were not read: alone it will be.
      if (!rows->cut() || response.ok()) part.member->response = std::move(response);
      position += part.read.keys.size();
    }
    return true;
  }
};

class GetMethod : public KeyedMethod {
 public:
  GetMethod(const BoundTable& bound, const Names& names)
      : KeyedMethod(bound, names), whole_sql_(sql::SelectByKey(bound.table(), bound.whole().projection, false)) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    auto read = PlanRead(bytes);
    if (!read.ok()) return read.status();
    std::string sql =
        read->choice.empty() ? whole_sql_ : sql::SelectByKey(bound_.table(), read->view.projection, read->show_deleted);
    sql += read->lock.clause;
    return std::make_unique<GetOperation>(bound_, *std::move(read), std::move(sql));
  }

  absl::StatusOr<std::string> Respond(const KeyedRead& read, std::size_t position, RowsByKey* rows) const override {
    const std::int64_t row = rows->Find(read.keys.front(), position);
    if (row < 0) return NotFound(bound_, read.keys.front(), read.lock);
    std::string response;
    if (auto status = bound_.Encode(read.view, rows->rows(), row, &response, /*skip=*/1); !status.ok()) return status;
    return response;
  }

 protected:
  absl::StatusOr<KeyedRead> PlanRead(std::string_view bytes) const override {
    const auto request = bound_.Decode(MethodKind::kGet, bytes);
    if (!request.ok()) return request.status();
    KeyedRead read;
    auto key = bound_.KeyOf(*request);
    if (!key.ok()) return key.status();
    read.keys.push_back(*std::move(key));
    if (auto status = Choose(*request, /*etag_by_default=*/true, &read); !status.ok()) return status;
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
    const auto rows = session.Read(statement_.text, statement_.params);
    if (!rows.ok()) return rows.status();
    RowsByKey by_key(*rows, method_.plain());
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
    auto read = PlanRead(bytes);
    if (!read.ok()) return read.status();
    return std::make_unique<BatchGetOperation>(*this, *std::move(read));
  }

  absl::StatusOr<std::string> Respond(const KeyedRead& read, std::size_t position, RowsByKey* rows) const override {
    std::string response;
    absl::Status failed;
    // On to the end even so: the rows of the keys after the first failure are to be passed.
    for (std::size_t i = 0; i < read.keys.size(); ++i) {
      const std::int64_t row = rows->Find(read.keys[i], position + i);
      if (!failed.ok()) continue;
      failed = row < 0 ? status::Within(PartPath(i), NotFound(bound_, read.keys[i], read.lock))
                       : bound_.EncodeElement(read.view, rows->rows(), row, &response, /*skip=*/1);
    }
    if (!failed.ok()) return failed;
    return response;
  }

 protected:
  absl::StatusOr<KeyedRead> PlanRead(std::string_view bytes) const override {
    const auto batch = bound_.Decode(MethodKind::kBatchGet, bytes);
    if (!batch.ok()) return batch.status();
    if (auto status = CheckBatch(*batch, bound_.limits()); !status.ok()) return status;
    KeyedRead read;
    if (auto status = Choose(*batch, /*etag_by_default=*/false, &read); !status.ok()) return status;
    read.keys.reserve(batch->requests.size());
    for (std::size_t i = 0; i < batch->requests.size(); ++i) {
      auto key = PlanKey(batch->requests[i]);
      if (!key.ok()) return status::Within(PartPath(i), key.status());
      read.keys.push_back(*std::move(key));
    }
    return read;
  }

 private:
  absl::StatusOr<sql::Key> PlanKey(std::string_view bytes) const {
    const auto part = bound_.Decode(MethodKind::kGet, bytes);
    if (!part.ok()) return part.status();
    const char* field = part->show_deleted ? "show_deleted" : part->mask ? "read_mask" : nullptr;
    if (!part->lock.empty()) field = "lock";
    if (field != nullptr) return status::BadRequest(field, "is of the batch as a whole: set it there");
    return bound_.KeyOf(*part);
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
