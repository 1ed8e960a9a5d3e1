#include "crud/bound_table.h"

#include <span>
#include <utility>

#include "crud/related_plan.h"
#include "fmt/format.h"
#include "sql/fits.h"
#include "status/macros.h"
#include "status/status.h"
#include "wire/writer.h"

namespace protogres::crud {
namespace {

View MakeView(const contract::Contract& contract, const contract::Table& table, sql::Projection projection) {
  auto encoder = std::make_shared<const wire::RowEncoder>(contract, table, projection.fields, projection.etag);
  return {.projection = std::move(projection), .encoder = std::move(encoder), .related = nullptr};
}

absl::Status KeyRequired(const contract::Table& table, const std::string& path) {
  return status::BadRequest(path, fmt::format("is required: it is of the key of {}", table.FullMessage()));
}

}  // namespace

BoundTable::BoundTable(const contract::Contract& contract, const contract::Table& table, const Limits& limits)
    : contract_(contract),
      table_(table),
      limits_(limits),
      plans_(limits.require_index > 0 ? std::make_unique<PlanCheck>(limits.require_index) : nullptr) {
  whole_ = MakeView(contract, table, sql::Projection::All(table));
  sql::Projection plain = whole_.projection;
  plain.etag = false;
  plain_ = whole_.projection.etag ? MakeView(contract, table, std::move(plain)) : whole_;
  // SQL cannot tell how large an answer will be.
  const bool any_size = limits.max_answer_bytes == std::numeric_limits<int>::max();
  if (EncodesBeforeCommit() && any_size) check_of_fit_ = sql::CheckOfFit(contract, table);
}

BoundTable::~BoundTable() { ViewCache::OfProcess().Drop(table_); }

absl::Status BoundTable::CheckPlan(db::Session& session, const sql::Statement& statement) const {
  return plans_ ? plans_->Check(session, statement) : absl::OkStatus();
}

absl::StatusOr<View> BoundTable::Masked(const Mask& read_mask, bool etag_by_default) const {
  ASSIGN_OR_RETURN(auto projection, ReadMasked(table_, read_mask, etag_by_default));
  if (!projection.has_value()) return etag_by_default ? whole_ : plain_;
  return MakeView(contract_, table_, *std::move(projection));
}

absl::StatusOr<View> BoundTable::Asked(const wire::Request& request, bool etag_by_default,
                                       std::string_view shape) const {
  const bool masked = request.mask.has_value() && !request.mask->empty();
  if (!masked) return PlanView(request, etag_by_default);
  ViewCache& views = ViewCache::OfProcess();
  if (const auto known = views.Find(table_, etag_by_default, shape)) return *known;
  ASSIGN_OR_RETURN(View view, PlanView(request, etag_by_default));
  views.Add(table_, etag_by_default, shape, std::make_shared<const View>(view));
  return view;
}

absl::StatusOr<View> BoundTable::PlanView(const wire::Request& request, bool etag_by_default) const {
  if (!NamesRelation(table_, request.mask)) {
    if (request.expand.empty()) return Masked(request.mask, etag_by_default);
    return status::BadRequest("expand[0].path", "read_mask names no relation");
  }
  ASSIGN_OR_RETURN(RelatedPlan plan, PlanRelated(contract_, table_, request, limits_, etag_by_default));
  View view = MakeView(contract_, table_, plan.root);
  view.related = std::make_shared<const RelatedPlan>(std::move(plan));
  return view;
}

absl::StatusOr<wire::Request> BoundTable::Decode(contract::MethodKind kind, std::string_view request) const {
  return wire::DecodeRequest(contract_, table_, kind, request);
}

absl::StatusOr<sql::Key> BoundTable::KeyOf(const wire::Request& request) const {
  sql::Key key;
  for (std::size_t i = 0; i < table_.key.size(); ++i) {
    if (i >= request.key.size() || !request.key[i].has_value()) {
      return KeyRequired(table_, table_.field(table_.key[i]).name);
    }
    key.push_back(*request.key[i]);
  }
  return key;
}

absl::StatusOr<sql::Key> BoundTable::KeyOf(const wire::RowInput& row) const {
  sql::Key key;
  for (const int index : table_.key) {
    const std::string* value = row.Find(index);
    if (value == nullptr) return KeyRequired(table_, table_.row_field + "." + table_.field(index).name);
    key.push_back(*value);
  }
  return key;
}

absl::StatusOr<wire::RowInput> BoundTable::RowOf(const wire::Request& request, wire::RelatedInput* related) const {
  if (!request.row.has_value()) {
    return status::BadRequest(table_.row_field, fmt::format("is required: a {}", table_.FullMessage()));
  }
  return wire::DecodeRow(contract_, table_, *request.row, table_.row_field, related);
}

const BoundTable& BoundTable::Other(int table) const {
  const std::lock_guard lock(mutex_);
  auto& other = others_[table];
  if (!other) {
    other = std::make_unique<const BoundTable>(contract_, contract_.tables[static_cast<std::size_t>(table)], limits_);
  }
  return *other;
}

absl::StatusOr<db::Rows> BoundTable::Stored(db::Session& session, db::Rows rows) const {
  const bool known = table_.relation != catalog::RelationKind::kPartitioned || !table_.has_etag || table_.key.empty();
  if (known || !session.has_savepoint() || rows.empty()) return rows;
  std::vector<db::Param> key;
  for (const int field : table_.key) key.emplace_back(CellOf(field, rows, 0).value_or(""));
  auto read = session.Read(sql::SelectByKey(table_, whole_.projection, /*show_deleted=*/true), key);
  // A policy may let the role write what it may not read.
  if (read.ok() && read->empty()) return rows;
  return read;
}

absl::Status BoundTable::Encode(const View& view, const db::Rows& rows, std::int64_t index, std::string* out,
                                int skip) const {
  thread_local std::vector<wire::Cell> cells;
  rows.Read(index, &cells);
  return view.encoder->Encode(std::span<const wire::Cell>(cells).subspan(static_cast<std::size_t>(skip)), out);
}

absl::Status BoundTable::EncodeElement(const View& view, const db::Rows& rows, std::int64_t index, std::string* out,
                                       int skip) const {
  const std::size_t begin = wire::BeginBytesField(contract::number::kRows, out);
  RETURN_IF_ERROR(Encode(view, rows, index, out, skip));
  wire::EndBytesField(begin, out);
  return absl::OkStatus();
}

}  // namespace protogres::crud
