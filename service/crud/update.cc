// Update (AIP-134), with upsert, and BatchUpdate (AIP-234).
#include <algorithm>
#include <utility>

#include "crud/masks.h"
#include "crud/methods.h"
#include "crud/row_method.h"
#include "crud/row_write.h"
#include "status/macros.h"
#include "status/status.h"

namespace protogres::crud {
namespace {

using contract::MethodKind;

// Adds to `insert`, which a new row gets, what `changed` gives to an existing one, where the role may insert it.
void Merge(const contract::Table& table, const sql::Row& changed, sql::Row* insert) {
  for (const sql::Assignment& assignment : changed) {
    const bool inserted = std::ranges::find(*insert, assignment.field, &sql::Assignment::field) != insert->end();
    // An empty array is what a new row has by its column's DEFAULT, as in a Create.
    const bool given = assignment.value != sql::kEmptyArray && table.field(assignment.field).insertable;
    if (!inserted && given) insert->push_back(assignment);
  }
}

// Completes `write`, which has the key of `row`.
absl::StatusOr<RowWrite> PlanUpsert(const BoundTable& bound, const wire::RowInput& row, const Mask& mask,
                                    RowWrite write) {
  const contract::Table& table = bound.table();
  if (!row.etag.empty()) {
    return status::BadRequest(table.row_field + ".etag",
                              "cannot be given with allow_missing: an etag says that the row is there");
  }
  // A row of nothing but its key is an upsert too: it is there afterwards.
  const bool changes = (mask.has_value() && !mask->empty()) || row.values.size() > write.key.size();
  sql::Row changed;
  ASSIGN_OR_RETURN(write.row, Inserted(table, row, {}, table.row_field));
  if (changes) {
    ASSIGN_OR_RETURN(changed, Updated(table, row, mask, /*with_key=*/false));
  }
  Merge(table, changed, &write.row);
  write.statement = sql::Upsert(table, write.row, changed, bound.whole().projection);
  return write;
}

absl::StatusOr<RowWrite> PlanUpdate(const BoundTable& bound, const wire::Request& request) {
  RowWrite write;
  write.kind = MethodKind::kUpdate;
  ASSIGN_OR_RETURN(wire::RowInput row, bound.RowOf(request));
  ASSIGN_OR_RETURN(write.key, bound.KeyOf(row));
  if (request.allow_missing) return PlanUpsert(bound, row, request.mask, std::move(write));
  ASSIGN_OR_RETURN(write.row, Updated(bound.table(), row, request.mask, /*with_key=*/false));
  if (!row.etag.empty()) write.etag = std::move(row.etag);
  write.statement = sql::Update(bound.table(), write.key, write.row, write.etag, bound.whole().projection);
  return write;
}

}  // namespace

std::unique_ptr<Method> MakeUpdate(const BoundTable& bound, const Method::Names& names) {
  return MakeRowMethod(bound, names, MethodKind::kUpdate, PlanUpdate);
}
std::unique_ptr<Method> MakeBatchUpdate(const BoundTable& bound, const Method::Names& names) {
  return MakeBatchMethod(bound, names, MethodKind::kBatchUpdate, MethodKind::kUpdate, PlanUpdate);
}

}  // namespace protogres::crud
