#include "protogres/error.h"

#include <string_view>

#include "protogres/client/error_details.pb.h"
#include "protogres/internal/status.h"

namespace protogres {
namespace {

constexpr char kPrefix[] = "type.googleapis.com/google.rpc.";

// False: the status has no such detail.
template <class Detail>
bool Read(const absl::Status& status, const char* type, Detail* detail) {
  const auto payload = status.GetPayload(std::string(kPrefix) + type);
  return payload.has_value() && detail->ParseFromString(std::string(*payload));
}

}  // namespace

Error::Error(const absl::Status& status) : code_(status.code()), message_(status.message()) {
  client::ErrorInfo info;
  if (Read(status, "ErrorInfo", &info)) {
    reason_ = info.reason();
    metadata_.insert(info.metadata().begin(), info.metadata().end());
  }
  client::BadRequest bad;
  if (Read(status, "BadRequest", &bad)) {
    for (const auto& violation : bad.field_violations())
      violations_.push_back({violation.field(), violation.description()});
  }
  client::RetryInfo retry;
  if (Read(status, "RetryInfo", &retry))
    retry_delay_ = absl::Seconds(retry.retry_delay().seconds()) + absl::Nanoseconds(retry.retry_delay().nanos());
}

std::string Error::Metadata(const std::string& name) const {
  const auto found = metadata_.find(name);
  return found == metadata_.end() ? "" : found->second;
}

absl::Status ToStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  client::Status rich;
  if (!status.error_details().empty() && rich.ParseFromString(status.error_details()))
    internal::AddDetails(rich.details(), &result);
  return result;
}

namespace internal {

void AddDetails(const google::protobuf::RepeatedPtrField<google::protobuf::Any>& details, absl::Status* status) {
  for (const auto& detail : details) status->SetPayload(detail.type_url(), absl::Cord(detail.value()));
}

absl::Status InDoubt(const absl::Status& status) {
  absl::Status result(absl::StatusCode::kUnknown,
                      "whether the transaction is committed is not known, since the commit was not answered: " +
                          std::string(status.message()));
  client::ErrorInfo info;
  info.set_domain("protogres");
  info.set_reason(kCommitInDoubt);
  result.SetPayload(std::string(kPrefix) + "ErrorInfo", absl::Cord(info.SerializeAsString()));
  return result;
}

}  // namespace internal
}  // namespace protogres
