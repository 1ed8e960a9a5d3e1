// Delete (AIP-135), soft or hard, BatchDelete (AIP-235) and Undelete (AIP-164).
#include <utility>

#include "contract/error.h"
#include "crud/group.h"
#include "crud/methods.h"

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

absl::StatusOr<RowDelete> PlanDelete(const Binding& binding, const wire::Request& request, bool undelete) {
  auto key = binding.KeyOf(request);
  if (!key.ok()) return key.status();
  const auto etag = request.etag.empty() ? std::nullopt : std::optional<std::string>(request.etag);
  auto statement = undelete ? sql::Undelete(binding.table(), *key, etag, binding.whole().projection)
                            : sql::Delete(binding.table(), *key, etag, binding.whole().projection);
  return RowDelete{.undelete = undelete,
                   .key = *std::move(key),
                   .etag = etag,
                   .allow_missing = request.allow_missing,
                   .statement = std::move(statement)};
}

// The rows of a soft delete or undelete; of a hard one none, found or allowed to be missing.
absl::StatusOr<db::Rows> ExecuteDelete(const Binding& binding, const RowDelete& deletion, db::Session& session) {
  const auto rows = session.Write(deletion.statement.text, deletion.statement.params);
  if (!rows.ok()) return rows;
  if (rows->affected() > 0) return binding.Stored(session, *rows);
  const absl::Status missed = deletion.undelete ? binding.MissedDeleted(session, deletion.key, deletion.etag)
                                                : binding.Missed(session, deletion.key, deletion.etag);
  if (deletion.allow_missing && absl::IsNotFound(missed)) return *rows;
  return missed;
}

class DeleteOperation : public WriteOperation {
 public:
  DeleteOperation(const Binding& binding, const wire::Request& request, RowDelete deletion)
      : WriteOperation(request, binding.table().soft_delete.has_value() && binding.EncodesBeforeCommit()),
        binding_(binding),
        deletion_(std::move(deletion)) {}

  std::span<const std::string> key() const override { return deletion_.key; }

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    const auto rows = ExecuteDelete(binding_, deletion_, session);
    if (!rows.ok()) return rows.status();
    std::string response;
    if (rows->empty()) return response;
    if (auto status = binding_.Encode(binding_.whole(), *rows, 0, &response); !status.ok()) return status;
    return response;
  }

 private:
  const Binding& binding_;
  const RowDelete deletion_;
};

class DeleteMethod : public Method {
 public:
  DeleteMethod(const Binding& binding, const Names& names, contract::MethodKind kind)
      : Method(names), binding_(binding), kind_(kind) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    const auto request = binding_.Decode(kind_, bytes);
    if (!request.ok()) return request.status();
    auto deletion = PlanDelete(binding_, *request, kind_ == contract::MethodKind::kUndelete);
    if (!deletion.ok()) return deletion.status();
    return std::make_unique<DeleteOperation>(binding_, *request, *std::move(deletion));
  }

  Together together() const override { return SharedByWrites(binding_); }
  void RunTogether(std::span<Member> members, db::Pool& pool, const db::Cancellation& cancellation) const override {
    WriteTogether(*this, members, pool, cancellation);
  }

 private:
  const Binding& binding_;
  const contract::MethodKind kind_;
};

class BatchDeleteOperation : public WriteOperation {
 public:
  BatchDeleteOperation(const Binding& binding, const wire::Request& request, std::vector<RowDelete> deletions)
      : WriteOperation(request, /*explicit_transaction=*/true), binding_(binding), deletions_(std::move(deletions)) {}

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    std::string response;
    for (std::size_t i = 0; i < deletions_.size(); ++i) {
      const auto rows = ExecuteDelete(binding_, deletions_[i], session);
      if (!rows.ok()) return contract::Within(PartPath(i), rows.status());
      if (rows->empty()) continue;
      auto status = binding_.EncodeElement(binding_.whole(), *rows, 0, &response);
      if (!status.ok()) return contract::Within(PartPath(i), status);
    }
    return response;
  }

 private:
  const Binding& binding_;
  const std::vector<RowDelete> deletions_;
};

class BatchDeleteMethod : public Method {
 public:
  BatchDeleteMethod(const Binding& binding, const Names& names) : Method(names), binding_(binding) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    const auto batch = binding_.Decode(contract::MethodKind::kBatchDelete, bytes);
    if (!batch.ok()) return batch.status();
    if (auto status = CheckBatch(*batch, binding_.limits()); !status.ok()) return status;
    std::vector<RowDelete> deletions;
    deletions.reserve(batch->requests.size());
    for (std::size_t i = 0; i < batch->requests.size(); ++i) {
      const auto part = binding_.Decode(contract::MethodKind::kDelete, batch->requests[i]);
      if (!part.ok()) return contract::Within(PartPath(i), part.status());
      if (auto status = CheckPart(*part, i); !status.ok()) return status;
      auto deletion = PlanDelete(binding_, *part, /*undelete=*/false);
      if (!deletion.ok()) return contract::Within(PartPath(i), deletion.status());
      deletions.push_back(*std::move(deletion));
    }
    return std::make_unique<BatchDeleteOperation>(binding_, *batch, std::move(deletions));
  }

 private:
  const Binding& binding_;
};

}  // namespace

std::unique_ptr<Method> MakeDelete(const Binding& binding, const Method::Names& names) {
  return std::make_unique<DeleteMethod>(binding, names, contract::MethodKind::kDelete);
}
std::unique_ptr<Method> MakeUndelete(const Binding& binding, const Method::Names& names) {
  return std::make_unique<DeleteMethod>(binding, names, contract::MethodKind::kUndelete);
}
std::unique_ptr<Method> MakeBatchDelete(const Binding& binding, const Method::Names& names) {
  return std::make_unique<BatchDeleteMethod>(binding, names);
}

}  // namespace protogres::crud
