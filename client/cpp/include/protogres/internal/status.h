// Statuses that this library makes.
#ifndef PROTOGRES_INTERNAL_STATUS_H_
#define PROTOGRES_INTERNAL_STATUS_H_

#include "absl/status/status.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/repeated_field.h"

namespace protogres::internal {

// Each detail as a payload under its type's URL.
void AddDetails(const google::protobuf::RepeatedPtrField<google::protobuf::Any>& details, absl::Status* status);

// The error of a commit that was sent and not answered: UNKNOWN, reason COMMIT_IN_DOUBT. `status` is why.
absl::Status InDoubt(const absl::Status& status);

}  // namespace protogres::internal

#endif  // PROTOGRES_INTERNAL_STATUS_H_
