// Delete (AIP-135), soft or hard, BatchDelete (AIP-235) and Undelete (AIP-164).
#include <utility>

#include "crud/group.h"
#include "crud/methods.h"
#include "status/status.h"

namespace protogres::crud {
namespace {

// One row's delete or undelete, planned.
struct RowDelete {
  bool undelete = false;
  sql::Key key;
  std::optional<std::string> etag;
  bool allow_missing = false;
  sql::Statement statement;
};

absl::StatusOr<RowDelete> PlanDelete(const BoundTable& bound, const wire::Request& request, bool undelete) {
  auto key = bound.KeyOf(request);
  if (!key.ok()) return key.status();
  const auto etag = request.etag.empty() ? std::nullopt : std::optional<std::string>(request.etag);
  auto statement = undelete ? sql::Undelete(bound.table(), *key, etag, bound.whole().projection)
                            : sql::Delete(bound.table(), *key, etag, bound.whole().projection);
  return RowDelete{.undelete = undelete,
                   .key = *std::move(key),
                   .etag = etag,
                   .allow_missing = request.allow_missing,
                   .statement = std::move(statement)};
}

// The rows of a soft delete or undelete; of a hard one none, found or allowed to be missing.
absl::StatusOr<db::Rows> ExecuteDelete(const BoundTable& bound, const RowDelete& deletion, db::Session& session) {
  const auto rows = session.Write(deletion.statement.text, deletion.statement.params);
  if (!rows.ok()) return rows;
  if (rows->affected() > 0) return bound.Stored(session, *rows);
  const absl::Status missed = deletion.undelete ? bound.MissedDeleted(session, deletion.key, deletion.etag)
                                                : bound.Missed(session, deletion.key, deletion.etag);
  if (deletion.allow_missing && absl::IsNotFound(missed)) return *rows;
  return missed;
}

class DeleteOperation : public WriteOperation {
 public:
  DeleteOperation(const BoundTable& bound, const wire::Request& request, RowDelete deletion)
      : WriteOperation(request, bound.table().soft_delete.has_value() && bound.EncodesBeforeCommit()),
        bound_(bound),
        deletion_(std::move(deletion)) {}

  std::span<const std::string> key() const override { return deletion_.key; }

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    const auto rows = ExecuteDelete(bound_, deletion_, session);
    if (!rows.ok()) return rows.status();
    std::string response;
    if (rows->empty()) return response;
    if (auto status = bound_.Encode(bound_.whole(), *rows, 0, &response); !status.ok()) return status;
    return response;
  }

 private:
  const BoundTable& bound_;
  const RowDelete deletion_;
};

class DeleteMethod : public UnaryMethod {
 public:
  DeleteMethod(const BoundTable& bound, const Names& names, contract::MethodKind kind)
      : UnaryMethod(names), bound_(bound), kind_(kind) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    const auto request = bound_.Decode(kind_, bytes);
    if (!request.ok()) return request.status();
    auto deletion = PlanDelete(bound_, *request, kind_ == contract::MethodKind::kUndelete);
    if (!deletion.ok()) return deletion.status();
    return std::make_unique<DeleteOperation>(bound_, *request, *std::move(deletion));
  }

  Grouping grouping() const override { return GroupingOfWrites(bound_); }
  void RunGroup(std::span<GroupMember> members, db::Pool& pool, const db::Cancellation& cancellation) const override {
    WriteGroup(*this, members, pool, cancellation);
  }

 private:
  const BoundTable& bound_;
  const contract::MethodKind kind_;
};

class BatchDeleteOperation : public WriteOperation {
 public:
  BatchDeleteOperation(const BoundTable& bound, const wire::Request& request, std::vector<RowDelete> deletions)
      : WriteOperation(request, /*explicit_transaction=*/true), bound_(bound), deletions_(std::move(deletions)) {}

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    std::string response;
    for (std::size_t i = 0; i < deletions_.size(); ++i) {
      const auto rows = ExecuteDelete(bound_, deletions_[i], session);
      if (!rows.ok()) return status::Within(PartPath(i), rows.status());
      if (rows->empty()) continue;
      auto status = bound_.EncodeElement(bound_.whole(), *rows, 0, &response);
      if (!status.ok()) return status::Within(PartPath(i), status);
    }
    return response;
  }

 private:
  const BoundTable& bound_;
  const std::vector<RowDelete> deletions_;
};

class BatchDeleteMethod : public UnaryMethod {
 public:
  BatchDeleteMethod(const BoundTable& bound, const Names& names) : UnaryMethod(names), bound_(bound) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    const auto batch = bound_.Decode(contract::MethodKind::kBatchDelete, bytes);
    if (!batch.ok()) return batch.status();
    if (auto status = CheckBatch(*batch, bound_.limits()); !status.ok()) return status;
    std::vector<RowDelete> deletions;
    deletions.reserve(batch->requests.size());
    for (std::size_t i = 0; i < batch->requests.size(); ++i) {
      const auto part = bound_.Decode(contract::MethodKind::kDelete, batch->requests[i]);
      if (!part.ok()) return status::Within(PartPath(i), part.status());
      if (auto status = CheckPart(*part, i); !status.ok()) return status;
      auto deletion = PlanDelete(bound_, *part, /*undelete=*/false);
      if (!deletion.ok()) return status::Within(PartPath(i), deletion.status());
      deletions.push_back(*std::move(deletion));
    }
    return std::make_unique<BatchDeleteOperation>(bound_, *batch, std::move(deletions));
  }

 private:
  const BoundTable& bound_;
};

}  // namespace

std::unique_ptr<Method> MakeDelete(const BoundTable& bound, const Method::Names& names) {
  return std::make_unique<DeleteMethod>(bound, names, contract::MethodKind::kDelete);
}
std::unique_ptr<Method> MakeUndelete(const BoundTable& bound, const Method::Names& names) {
  return std::make_unique<DeleteMethod>(bound, names, contract::MethodKind::kUndelete);
}
std::unique_ptr<Method> MakeBatchDelete(const BoundTable& bound, const Method::Names& names) {
  return std::make_unique<BatchDeleteMethod>(bound, names);
}

}  // namespace protogres::crud
