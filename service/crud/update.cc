// Update (AIP-134), with upsert, and BatchUpdate (AIP-234).
#include <algorithm>
#include <utility>

#include "crud/group.h"
#include "crud/methods.h"
#include "status/status.h"

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

absl::StatusOr<RowUpdate> PlanUpsert(const BoundTable& bound, const wire::RowInput& row, const Mask& mask,
                                     sql::Key key) {
  if (!row.etag.empty()) {
    return status::BadRequest(bound.table().row_field + ".etag",
                              "cannot be given with allow_missing: an etag says that the row is there");
  }
  auto insert = bound.Inserted(row, {}, bound.table().row_field);
  if (!insert.ok()) return insert.status();
  std::vector<int> update;
  // A row of nothing but its key is an upsert too: it is there afterwards.
  if ((mask.has_value() && !mask->empty()) || row.values.size() > key.size()) {
    const auto changed = bound.Updated(row, mask, /*with_key=*/false);
    if (!changed.ok()) return changed.status();
    for (const auto& assignment : *changed) {
      update.push_back(assignment.field);
      const bool inserted = std::ranges::find(*insert, assignment.field, &sql::Assignment::field) != insert->end();
      // An empty array is what a new row has by its column's DEFAULT, as in a Create.
      if (!inserted && assignment.value != sql::kEmptyArray) insert->push_back(assignment);
    }
  }
  auto statement = sql::Upsert(bound.table(), *insert, update, bound.whole().projection);
  return RowUpdate{.key = std::move(key), .row = *std::move(insert), .etag = {}, .statement = std::move(statement)};
}

absl::StatusOr<RowUpdate> PlanUpdate(const BoundTable& bound, const wire::Request& request) {
  const auto row = bound.RowOf(request);
  if (!row.ok()) return row.status();
  auto key = bound.KeyOf(*row);
  if (!key.ok()) return key.status();
  if (request.allow_missing) return PlanUpsert(bound, *row, request.mask, *std::move(key));
  auto assignments = bound.Updated(*row, request.mask, /*with_key=*/false);
  if (!assignments.ok()) return assignments.status();
  const auto etag = row->etag.empty() ? std::nullopt : std::optional<std::string>(row->etag);
  auto statement = sql::Update(bound.table(), *key, *assignments, etag, bound.whole().projection);
  return RowUpdate{
      .key = *std::move(key), .row = *std::move(assignments), .etag = etag, .statement = std::move(statement)};
}

absl::StatusOr<db::Rows> ExecuteUpdate(const BoundTable& bound, const RowUpdate& update, db::Session& session) {
  const auto rows = session.Write(update.statement.text, update.statement.params);
  if (!rows.ok()) return bound.Locate(rows.status(), update.row);
  if (rows->empty()) return bound.Missed(session, update.key, update.etag);
  return bound.Stored(session, *rows);
}

class UpdateOperation : public WriteOperation {
 public:
  UpdateOperation(const BoundTable& bound, const wire::Request& request, RowUpdate update)
      : WriteOperation(request, bound.EncodesBeforeCommit()), bound_(bound), update_(std::move(update)) {}

  std::span<const std::string> key() const override { return update_.key; }

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    const auto rows = ExecuteUpdate(bound_, update_, session);
    if (!rows.ok()) return rows.status();
    std::string response;
    auto status = bound_.Encode(bound_.whole(), *rows, 0, &response);
    if (!status.ok()) return status;
    return response;
  }

 private:
  const BoundTable& bound_;
  const RowUpdate update_;
};

class UpdateMethod : public UnaryMethod {
 public:
  UpdateMethod(const BoundTable& bound, const Names& names) : UnaryMethod(names), bound_(bound) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    const auto request = bound_.Decode(contract::MethodKind::kUpdate, bytes);
    if (!request.ok()) return request.status();
    auto update = PlanUpdate(bound_, *request);
    if (!update.ok()) return update.status();
    return std::make_unique<UpdateOperation>(bound_, *request, *std::move(update));
  }

  Grouping grouping() const override { return GroupingOfWrites(bound_); }
  void RunGroup(std::span<GroupMember> members, db::Pool& pool, const db::Cancellation& cancellation) const override {
    WriteGroup(*this, members, pool, cancellation);
  }

 private:
  const BoundTable& bound_;
};

class BatchUpdateOperation : public WriteOperation {
 public:
  BatchUpdateOperation(const BoundTable& bound, const wire::Request& request, std::vector<RowUpdate> updates)
      : WriteOperation(request, /*explicit_transaction=*/true), bound_(bound), updates_(std::move(updates)) {}

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    std::string response;
    for (std::size_t i = 0; i < updates_.size(); ++i) {
      const auto rows = ExecuteUpdate(bound_, updates_[i], session);
      if (!rows.ok()) return status::Within(PartPath(i), rows.status());
      auto status = bound_.EncodeElement(bound_.whole(), *rows, 0, &response);
      if (!status.ok()) return status::Within(PartPath(i), status);
    }
    return response;
  }

 private:
  const BoundTable& bound_;
  const std::vector<RowUpdate> updates_;
};

class BatchUpdateMethod : public UnaryMethod {
 public:
  BatchUpdateMethod(const BoundTable& bound, const Names& names) : UnaryMethod(names), bound_(bound) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    const auto batch = bound_.Decode(contract::MethodKind::kBatchUpdate, bytes);
    if (!batch.ok()) return batch.status();
    if (auto status = CheckBatch(*batch, bound_.limits()); !status.ok()) return status;
    std::vector<RowUpdate> updates;
    updates.reserve(batch->requests.size());
    for (std::size_t i = 0; i < batch->requests.size(); ++i) {
      const auto part = bound_.Decode(contract::MethodKind::kUpdate, batch->requests[i]);
      if (!part.ok()) return status::Within(PartPath(i), part.status());
      if (auto status = CheckPart(*part, i); !status.ok()) return status;
      auto update = PlanUpdate(bound_, *part);
      if (!update.ok()) return status::Within(PartPath(i), update.status());
      updates.push_back(*std::move(update));
    }
    return std::make_unique<BatchUpdateOperation>(bound_, *batch, std::move(updates));
  }

 private:
  const BoundTable& bound_;
};

}  // namespace

std::unique_ptr<Method> MakeUpdate(const BoundTable& bound, const Method::Names& names) {
  return std::make_unique<UpdateMethod>(bound, names);
}
std::unique_ptr<Method> MakeBatchUpdate(const BoundTable& bound, const Method::Names& names) {
  return std::make_unique<BatchUpdateMethod>(bound, names);
}

}  // namespace protogres::crud
