// Get (AIP-131) and BatchGet (AIP-231).
#include <utility>

#include "contract/error.h"
#include "crud/methods.h"
#include "fmt/format.h"
#include "sql/lock.h"

namespace protogres::crud {
namespace {

// What a lock may have hidden is not there for the caller, but it exists.
absl::Status NotFound(const Binding& binding, const sql::Key& key, const sql::Lock& lock) {
  const absl::Status missing = binding.NotFound(key);
  if (!lock.skips_locked) return missing;
  return contract::Error(missing.code(),
                         fmt::format("{}, or is locked and was skipped", std::string(missing.message())),
                         "ROW_NOT_FOUND", {{"table", binding.table().name}});
}

class GetOperation : public Operation {
 public:
  GetOperation(const Binding& binding, View view, std::string sql, sql::Lock lock, sql::Key key)
      : binding_(binding), view_(std::move(view)), sql_(std::move(sql)), lock_(std::move(lock)), key_(std::move(key)) {}

  bool locks() const override { return !lock_.clause.empty(); }

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    const std::vector<db::Param> params(key_.begin(), key_.end());
    const auto rows = session.Read(sql_, params);
    if (!rows.ok()) return rows.status();
    if (rows->empty()) return NotFound(binding_, key_, lock_);
    std::string response;
    if (auto status = binding_.Encode(view_, *rows, 0, &response); !status.ok()) return status;
    return response;
  }

 private:
  const Binding& binding_;
  View view_;
  std::string sql_;
  sql::Lock lock_;
  sql::Key key_;
};

class GetMethod : public Method {
 public:
  GetMethod(const Binding& binding, const Names& names)
      : Method(names),
        binding_(binding),
        whole_sql_(sql::SelectByKey(binding.table(), binding.whole().projection, false)) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    const auto request = binding_.Decode(contract::MethodKind::kGet, bytes);
    if (!request.ok()) return request.status();
    auto key = binding_.KeyOf(*request);
    if (!key.ok()) return key.status();
    auto lock = sql::ParseLock(request->lock);
    if (!lock.ok()) return lock.status();
    if (!request->mask.has_value() && !request->show_deleted) {
      return std::make_unique<GetOperation>(binding_, binding_.whole(), whole_sql_ + lock->clause, *std::move(lock),
                                            *std::move(key));
    }
    auto view = binding_.Masked(request->mask, /*etag_by_default=*/true);
    if (!view.ok()) return view.status();
    std::string sql = sql::SelectByKey(binding_.table(), view->projection, request->show_deleted);
    sql += lock->clause;
    return std::make_unique<GetOperation>(binding_, *std::move(view), std::move(sql), *std::move(lock),
                                          *std::move(key));
  }

 private:
  const Binding& binding_;
  const std::string whole_sql_;
};

class BatchGetOperation : public Operation {
 public:
  BatchGetOperation(const Binding& binding, View view, sql::Statement statement, sql::Lock lock,
                    std::vector<sql::Key> keys)
      : binding_(binding),
        view_(std::move(view)),
        statement_(std::move(statement)),
        lock_(std::move(lock)),
        keys_(std::move(keys)) {}

  bool locks() const override { return !lock_.clause.empty(); }

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    const auto rows = session.Read(statement_.text, statement_.params);
    if (!rows.ok()) return rows.status();
    if (auto complete = CheckComplete(*rows); !complete.ok()) return complete;
    std::string response;
    for (std::int64_t i = 0; i < rows->size(); ++i) {
      auto status = binding_.EncodeElement(view_, *rows, i, &response, /*skip=*/1);
      if (!status.ok()) return status;
    }
    return response;
  }

 private:
  // Rows come in the order of the keys, each with its position: the first gap is the first key without a row.
  absl::Status CheckComplete(const db::Rows& rows) const {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      if (row >= rows.size() || rows.Cell(row, 0) != std::to_string(i + 1)) {
        return contract::Within(PartPath(i), NotFound(binding_, keys_[i], lock_));
      }
    }
    return absl::OkStatus();
  }

  const Binding& binding_;
  View view_;
  sql::Statement statement_;
  sql::Lock lock_;
  std::vector<sql::Key> keys_;
};

class BatchGetMethod : public Method {
 public:
  BatchGetMethod(const Binding& binding, const Names& names) : Method(names), binding_(binding) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    const auto batch = binding_.Decode(contract::MethodKind::kBatchGet, bytes);
    if (!batch.ok()) return batch.status();
    if (auto status = CheckBatch(*batch, binding_.limits()); !status.ok()) return status;
    auto view = binding_.Masked(batch->mask, /*etag_by_default=*/false);
    if (!view.ok()) return view.status();
    auto keys = KeysOf(*batch);
    if (!keys.ok()) return keys.status();
    auto lock = sql::ParseLock(batch->lock);
    if (!lock.ok()) return lock.status();
    auto statement = sql::SelectByKeys(binding_.table(), view->projection, batch->show_deleted, *keys);
    statement.text += lock->clause;
    return std::make_unique<BatchGetOperation>(binding_, *std::move(view), std::move(statement), *std::move(lock),
                                               *std::move(keys));
  }

 private:
  absl::StatusOr<std::vector<sql::Key>> KeysOf(const wire::Request& batch) const {
    std::vector<sql::Key> keys;
    keys.reserve(batch.requests.size());
    for (std::size_t i = 0; i < batch.requests.size(); ++i) {
      const auto part = binding_.Decode(contract::MethodKind::kGet, batch.requests[i]);
      if (!part.ok()) return contract::Within(PartPath(i), part.status());
      const char* field = part->show_deleted ? "show_deleted" : part->mask ? "read_mask" : nullptr;
      if (!part->lock.empty()) field = "lock";
      if (field != nullptr) {
        return contract::Within(PartPath(i), contract::BadRequest(field, "is of the batch as a whole: set it there"));
      }
      auto key = binding_.KeyOf(*part);
      if (!key.ok()) return contract::Within(PartPath(i), key.status());
      keys.push_back(*std::move(key));
    }
    return keys;
  }

  const Binding& binding_;
};

}  // namespace

std::unique_ptr<Method> MakeGet(const Binding& binding, const Method::Names& names) {
  return std::make_unique<GetMethod>(binding, names);
}
std::unique_ptr<Method> MakeBatchGet(const Binding& binding, const Method::Names& names) {
  return std::make_unique<BatchGetMethod>(binding, names);
}

}  // namespace protogres::crud
