// Update (AIP-134), with upsert, and BatchUpdate (AIP-234).
#include <algorithm>
#include <utility>

#include "contract/error.h"
#include "crud/group.h"
#include "crud/methods.h"

namespace protogres::crud {
namespace {

using Mask = std::optional<std::vector<std::string>>;

// One row's update, planned.
struct RowUpdate {
  sql::Key key;
  sql::Row row;  // what it assigns, with the key where it is an upsert
  std::optional<std::string> etag;
  sql::Statement statement;
};

absl::StatusOr<RowUpdate> PlanUpsert(const Binding& binding, const wire::RowInput& row, const Mask& mask,
                                     sql::Key key) {
  if (!row.etag.empty()) {
    return contract::BadRequest(binding.table().row_field + ".etag",
                                "cannot be given with allow_missing: an etag says that the row is there");
  }
  auto insert = binding.Inserted(row, {}, binding.table().row_field);
  if (!insert.ok()) return insert.status();
  std::vector<int> update;
  // A row of nothing but its key is an upsert too: it is there afterwards.
  if ((mask.has_value() && !mask->empty()) || row.values.size() > key.size()) {
    const auto changed = binding.Updated(row, mask, /*with_key=*/false);
    if (!changed.ok()) return changed.status();
    for (const auto& assignment : *changed) {
      update.push_back(assignment.field);
      const bool inserted = std::ranges::find(*insert, assignment.field, &sql::Assignment::field) != insert->end();
      // An empty array is what a new row has by its column's DEFAULT, as in a Create.
      if (!inserted && assignment.value != sql::kEmptyArray) insert->push_back(assignment);
    }
  }
  auto statement = sql::Upsert(binding.table(), *insert, update, binding.whole().projection);
  return RowUpdate{.key = std::move(key), .row = *std::move(insert), .etag = {}, .statement = std::move(statement)};
}

absl::StatusOr<RowUpdate> PlanUpdate(const Binding& binding, const wire::Request& request) {
  const auto row = binding.RowOf(request);
  if (!row.ok()) return row.status();
  auto key = binding.KeyOf(*row);
  if (!key.ok()) return key.status();
  if (request.allow_missing) return PlanUpsert(binding, *row, request.mask, *std::move(key));
  auto assignments = binding.Updated(*row, request.mask, /*with_key=*/false);
  if (!assignments.ok()) return assignments.status();
  const auto etag = row->etag.empty() ? std::nullopt : std::optional<std::string>(row->etag);
  auto statement = sql::Update(binding.table(), *key, *assignments, etag, binding.whole().projection);
  return RowUpdate{
      .key = *std::move(key), .row = *std::move(assignments), .etag = etag, .statement = std::move(statement)};
}

absl::StatusOr<db::Rows> ExecuteUpdate(const Binding& binding, const RowUpdate& update, db::Session& session) {
  const auto rows = session.Write(update.statement.text, update.statement.params);
  if (!rows.ok()) return binding.Locate(rows.status(), update.row);
  if (rows->empty()) return binding.Missed(session, update.key, update.etag);
  return binding.Stored(session, *rows);
}

class UpdateOperation : public WriteOperation {
 public:
  UpdateOperation(const Binding& binding, const wire::Request& request, RowUpdate update)
      : WriteOperation(request, binding.EncodesBeforeCommit()), binding_(binding), update_(std::move(update)) {}

  std::span<const std::string> key() const override { return update_.key; }

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    const auto rows = ExecuteUpdate(binding_, update_, session);
    if (!rows.ok()) return rows.status();
    std::string response;
    auto status = binding_.Encode(binding_.whole(), *rows, 0, &response);
    if (!status.ok()) return status;
    return response;
  }

 private:
  const Binding& binding_;
  const RowUpdate update_;
};

class UpdateMethod : public Method {
 public:
  UpdateMethod(const Binding& binding, const Names& names) : Method(names), binding_(binding) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    const auto request = binding_.Decode(contract::MethodKind::kUpdate, bytes);
    if (!request.ok()) return request.status();
    auto update = PlanUpdate(binding_, *request);
    if (!update.ok()) return update.status();
    return std::make_unique<UpdateOperation>(binding_, *request, *std::move(update));
  }

  Together together() const override { return SharedByWrites(binding_); }
  void RunTogether(std::span<Member> members, db::Pool& pool, const db::Cancellation& cancellation) const override {
    WriteTogether(*this, members, pool, cancellation);
  }

 private:
  const Binding& binding_;
};

class BatchUpdateOperation : public WriteOperation {
 public:
  BatchUpdateOperation(const Binding& binding, const wire::Request& request, std::vector<RowUpdate> updates)
      : WriteOperation(request, /*explicit_transaction=*/true), binding_(binding), updates_(std::move(updates)) {}

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    std::string response;
    for (std::size_t i = 0; i < updates_.size(); ++i) {
      const auto rows = ExecuteUpdate(binding_, updates_[i], session);
      if (!rows.ok()) return contract::Within(PartPath(i), rows.status());
      auto status = binding_.EncodeElement(binding_.whole(), *rows, 0, &response);
      if (!status.ok()) return contract::Within(PartPath(i), status);
    }
    return response;
  }

 private:
  const Binding& binding_;
  const std::vector<RowUpdate> updates_;
};

class BatchUpdateMethod : public Method {
 public:
  BatchUpdateMethod(const Binding& binding, const Names& names) : Method(names), binding_(binding) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    const auto batch = binding_.Decode(contract::MethodKind::kBatchUpdate, bytes);
    if (!batch.ok()) return batch.status();
    if (auto status = CheckBatch(*batch, binding_.limits()); !status.ok()) return status;
    std::vector<RowUpdate> updates;
    updates.reserve(batch->requests.size());
    for (std::size_t i = 0; i < batch->requests.size(); ++i) {
      const auto part = binding_.Decode(contract::MethodKind::kUpdate, batch->requests[i]);
      if (!part.ok()) return contract::Within(PartPath(i), part.status());
      if (auto status = CheckPart(*part, i); !status.ok()) return status;
      auto update = PlanUpdate(binding_, *part);
      if (!update.ok()) return contract::Within(PartPath(i), update.status());
      updates.push_back(*std::move(update));
    }
    return std::make_unique<BatchUpdateOperation>(binding_, *batch, std::move(updates));
  }

 private:
  const Binding& binding_;
};

}  // namespace

std::unique_ptr<Method> MakeUpdate(const Binding& binding, const Method::Names& names) {
  return std::make_unique<UpdateMethod>(binding, names);
}
std::unique_ptr<Method> MakeBatchUpdate(const Binding& binding, const Method::Names& names) {
  return std::make_unique<BatchUpdateMethod>(binding, names);
}

}  // namespace protogres::crud
