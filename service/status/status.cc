#include "status/status.h"

#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "google/protobuf/any.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace protogres::status {
namespace {

// Another server is up by then, or this one again.
constexpr std::chrono::milliseconds kRetryShutdown{1000};
constexpr char kTypePrefix[] = "type.googleapis.com/";

template <typename Detail>
std::string TypeUrl() {
  return kTypePrefix + Detail::descriptor()->full_name();
}

template <typename Detail>
void SetDetail(const Detail& detail, absl::Status* status) {
  status->SetPayload(TypeUrl<Detail>(), absl::Cord(detail.SerializeAsString()));
}

template <typename Detail>
bool GetDetail(const absl::Status& status, Detail* detail) {
  const auto payload = status.GetPayload(TypeUrl<Detail>());
  return payload.has_value() && detail->ParseFromString(std::string(*payload));
}

google::rpc::ErrorInfo MakeErrorInfo(const std::string& reason, const std::map<std::string, std::string>& metadata) {
  google::rpc::ErrorInfo info;
  info.set_domain("protogres");
  info.set_reason(reason);
  for (const auto& [key, value] : metadata) {
    if (!value.empty()) (*info.mutable_metadata())[key] = value;
  }
  return info;
}

}  // namespace

absl::Status Error(absl::StatusCode code, const std::string& message, const std::string& reason,
                   const std::map<std::string, std::string>& metadata) {
  absl::Status status(code, message);
  SetDetail(MakeErrorInfo(reason, metadata), &status);
  return status;
}

absl::Status BadRequest(const std::string& path, const std::string& what, const std::string& reason) {
  absl::Status status = Error(absl::StatusCode::kInvalidArgument, path.empty() ? what : path + ": " + what, reason);
  google::rpc::BadRequest bad_request;
  auto* violation = bad_request.add_field_violations();
  violation->set_field(path);
  violation->set_description(what);
  SetDetail(bad_request, &status);
  return status;
}

absl::Status Reworded(const absl::Status& status, const std::string& message) {
  absl::Status reworded(status.code(), message);
  status.ForEachPayload(
      [&reworded](absl::string_view url, const absl::Cord& payload) { reworded.SetPayload(url, payload); });
  return reworded;
}

absl::Status Within(const std::string& prefix, const absl::Status& status) {
  if (status.ok()) return status;
  google::rpc::BadRequest bad_request;
  const bool has_path = GetDetail(status, &bad_request);
  const bool names_field =
      has_path && bad_request.field_violations_size() > 0 && !bad_request.field_violations(0).field().empty();
  const std::string message(status.message());
  absl::Status result = Reworded(status, prefix + (names_field ? "." : ": ") + message);
  if (has_path) {
    for (auto& violation : *bad_request.mutable_field_violations()) {
      violation.set_field(violation.field().empty() ? prefix : prefix + "." + violation.field());
    }
    SetDetail(bad_request, &result);
  }
  return result;
}

absl::Status WithRetry(absl::Status status, std::chrono::milliseconds delay) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(delay.count() / 1000);
  retry.mutable_retry_delay()->set_nanos(static_cast<int>(delay.count() % 1000) * 1'000'000);
  SetDetail(retry, &status);
  return status;
}

absl::Status WithMetadata(absl::Status status, const std::string& key, const std::string& value) {
  google::rpc::ErrorInfo info;
  if (!GetDetail(status, &info)) info = MakeErrorInfo(kUnknown, {});
  (*info.mutable_metadata())[key] = value;
  SetDetail(info, &status);
  return status;
}

absl::Status OfBegin(const absl::Status& error) { return WithMetadata(error, "statement", "BEGIN"); }

bool IsOfBegin(const absl::Status& error) { return MetadataOf(error, "statement") == "BEGIN"; }

std::string ReasonOf(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  return GetDetail(status, &info) ? info.reason() : "";
}

std::string MetadataOf(const absl::Status& status, const std::string& key) {
  google::rpc::ErrorInfo info;
  if (!GetDetail(status, &info)) return "";
  const auto it = info.metadata().find(key);
  return it == info.metadata().end() ? "" : it->second;
}

absl::Status Internal(const std::string& message) { return Error(absl::StatusCode::kInternal, message, kInternal); }

absl::Status ShuttingDown() {
  return WithRetry(Error(absl::StatusCode::kUnavailable, "the server is shutting down", kShuttingDown), kRetryShutdown);
}

absl::Status CommitInDoubt(const std::string& message) {
  return Error(absl::StatusCode::kUnknown, message, kCommitInDoubt);
}

absl::Status CheckAnswer(std::size_t bytes, std::int64_t limit) {
  if (bytes <= static_cast<std::size_t>(limit)) return absl::OkStatus();
  return Error(absl::StatusCode::kResourceExhausted,
               fmt::format("the answer is too large: {} bytes of at most {} (--max_send_message_bytes)", bytes, limit),
               kAnswerTooLarge);
}

absl::Status Thrown(const std::exception& error) { return Internal(std::string("the server failed: ") + error.what()); }

std::string DetailsOf(const absl::Status& status) {
  // Abseil gives them in a random order: ErrorInfo is the first to be read, and the same error the same bytes.
  std::map<std::pair<bool, std::string>, std::string> details;
  status.ForEachPayload([&details](absl::string_view url, const absl::Cord& payload) {
    details.emplace(std::pair(url != TypeUrl<google::rpc::ErrorInfo>(), std::string(url)), std::string(payload));
  });
  google::rpc::Status wire;
  for (const auto& [key, payload] : details) {
    auto* any = wire.add_details();
    any->set_type_url(key.second);
    any->set_value(payload);
  }
  if (status.ok() || wire.details_size() == 0) return "";
  wire.set_code(static_cast<int>(status.code()));
  wire.set_message(std::string(status.message()));
  return wire.SerializeAsString();
}

}  // namespace protogres::status
