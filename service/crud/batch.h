// Batch requests (AIP-231, 233, 234 and 235) and their elements: each element is one request of the single method.
#ifndef PROTOGRES_SERVICE_CRUD_BATCH_H_
#define PROTOGRES_SERVICE_CRUD_BATCH_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "contract/contract.h"
#include "crud/bound_table.h"
#include "status/status.h"
#include "wire/request.h"

namespace protogres::crud {

// Decodes the Batch request of this `kind`. It borrows `bytes`. INVALID_ARGUMENT: it is malformed, has no elements, or
// more than --max_batch_size.
absl::StatusOr<wire::Request> DecodeBatch(const BoundTable& bound, contract::MethodKind kind, std::string_view bytes);

// The error of an element that sets `field`, which belongs to the batch.
absl::Status OnlyOfBatch(const char* field);

// "requests[3]".
std::string ElementPath(std::size_t index);

// What `plan` makes of the bytes of each element. It returns an absl::StatusOr; the first error ends it, and gets the
// element's path.
template <typename Plan>
auto PlanElements(const wire::Request& batch, const Plan& plan) {
  using Planned = typename std::invoke_result_t<Plan, std::string_view>::value_type;
  std::vector<Planned> elements;
  elements.reserve(batch.requests.size());
  for (std::size_t i = 0; i < batch.requests.size(); ++i) {
    auto element = plan(batch.requests[i]);
    if (!element.ok()) return absl::StatusOr<std::vector<Planned>>(status::Within(ElementPath(i), element.status()));
    elements.push_back(*std::move(element));
  }
  return absl::StatusOr<std::vector<Planned>>(std::move(elements));
}

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_BATCH_H_
