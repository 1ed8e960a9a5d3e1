// What a request asks for beside its own rows: which related rows, as a tree of relations. Pure.
#ifndef PROTOGRES_SERVICE_CRUD_RELATED_PLAN_H_
#define PROTOGRES_SERVICE_CRUD_RELATED_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "contract/contract.h"
#include "contract/request.h"
#include "crud/masks.h"
#include "crud/method.h"
#include "sql/related.h"
#include "sql/statement.h"
#include "wire/row.h"

namespace protogres::crud {

// The rows of one relation, and what belongs to them in turn. Borrows the Contract.
struct RelatedNode {
  std::string path;       // in the request: order_items.product
  sql::RelatedRows rows;  // its projection has what the rows of `nodes` are found by
  std::shared_ptr<const wire::RowEncoder> encoder;
  // The columns of a row of the node above, from the first of its projection on, that have the values by which rows of
  // this one are found.
  std::vector<std::size_t> links;
  std::vector<RelatedNode> nodes;
};

// What a read_mask says that names relations.
struct RelatedPlan {
  sql::Projection root;  // of the request's own rows, with what the rows of `nodes` are found by
  std::vector<RelatedNode> nodes;
};

// True: `read_mask` has a path that goes through a relation of `table`, or ends at one.
bool NamesRelation(const contract::Table& table, const Mask& read_mask);

// Plans the paths of a request for which that is true. A relation without more gives all of its rows' fields. The
// request's own rows have the etag with "*" if `etag_by_default`.
// INVALID_ARGUMENT with the path: there is no such field or relation, or it is input only; more relations one below the
// other than --max_depth, or more in all than a request may have; an `expand` that the mask does not name, or whose
// filter, order or size is wrong.
absl::StatusOr<RelatedPlan> PlanRelated(const contract::Contract& contract, const contract::Table& table,
                                        const contract::Request& request, const Limits& limits, bool etag_by_default);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_RELATED_PLAN_H_
