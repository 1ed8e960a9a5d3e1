#include "crud/batch.h"

#include "fmt/format.h"
#include "status/macros.h"

namespace protogres::crud {

absl::StatusOr<wire::Request> DecodeBatch(const BoundTable& bound, contract::MethodKind kind, std::string_view bytes) {
  ASSIGN_OR_RETURN(wire::Request batch, bound.Decode(kind, bytes));
  const auto most = static_cast<std::size_t>(bound.limits().max_batch_size);
  if (batch.requests.empty()) return status::BadRequest("requests", "is required: at least one request");
  if (batch.requests.size() > most) {
    return status::BadRequest("requests", fmt::format("holds {} requests; a batch takes at most {} (--max_batch_size)",
                                                      batch.requests.size(), most));
  }
  return batch;
}

absl::Status OnlyOfBatch(const char* field) {
  return status::BadRequest(field, "is of the batch as a whole: set it there");
}

std::string ElementPath(std::size_t index) { return fmt::format("requests[{}]", index); }

}  // namespace protogres::crud
