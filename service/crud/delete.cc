// Delete (AIP-135), soft or hard, BatchDelete (AIP-235) and Undelete (AIP-164).
#include <utility>

#include "crud/methods.h"
#include "crud/row_method.h"
#include "crud/row_write.h"
#include "status/macros.h"

namespace protogres::crud {
namespace {

using contract::MethodKind;

// A Delete without its statement: an Undelete says the same.
absl::StatusOr<RowWrite> PlanKeyed(const BoundTable& bound, const wire::Request& request, MethodKind kind) {
  RowWrite write;
  write.kind = kind;
  ASSIGN_OR_RETURN(write.key, bound.KeyOf(request));
  if (!request.etag.empty()) write.etag = request.etag;
  write.allow_missing = request.allow_missing;
  return write;
}

absl::StatusOr<RowWrite> PlanDelete(const BoundTable& bound, const wire::Request& request) {
  ASSIGN_OR_RETURN(RowWrite write, PlanKeyed(bound, request, MethodKind::kDelete));
  write.statement = sql::Delete(bound.table(), write.key, write.etag, bound.whole().projection);
  return write;
}

absl::StatusOr<RowWrite> PlanUndelete(const BoundTable& bound, const wire::Request& request) {
  ASSIGN_OR_RETURN(RowWrite write, PlanKeyed(bound, request, MethodKind::kUndelete));
  write.statement = sql::Undelete(bound.table(), write.key, write.etag, bound.whole().projection);
  return write;
}

}  // namespace

std::unique_ptr<Method> MakeDelete(const BoundTable& bound, const Method::Names& names) {
  return MakeRowMethod(bound, names, MethodKind::kDelete, PlanDelete);
}
std::unique_ptr<Method> MakeUndelete(const BoundTable& bound, const Method::Names& names) {
  return MakeRowMethod(bound, names, MethodKind::kUndelete, PlanUndelete);
}
std::unique_ptr<Method> MakeBatchDelete(const BoundTable& bound, const Method::Names& names) {
  return MakeBatchMethod(bound, names, MethodKind::kBatchDelete, MethodKind::kDelete, PlanDelete);
}

}  // namespace protogres::crud
