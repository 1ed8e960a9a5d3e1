#include "transaction/transaction.h"

#include <string>
#include <utility>

#include "api/api.h"
#include "fmt/format.h"
#include "status/macros.h"
#include "status/status.h"

namespace protogres::transaction {
namespace {

constexpr char kTypePrefix[] = "type.googleapis.com/";
// PostgreSQL keeps lock_timeout as an int of milliseconds.
constexpr std::int64_t kMost = 2'147'483'647;
constexpr std::int64_t kMostSeconds = kMost / 1000;

absl::StatusOr<db::Isolation> ToIsolation(protogres::v1::Isolation isolation) {
  switch (isolation) {
    case protogres::v1::ISOLATION_UNSPECIFIED:
      return db::Isolation::kDefault;
    case protogres::v1::ISOLATION_READ_COMMITTED:
      return db::Isolation::kReadCommitted;
    case protogres::v1::ISOLATION_REPEATABLE_READ:
      return db::Isolation::kRepeatableRead;
    case protogres::v1::ISOLATION_SERIALIZABLE:
      return db::Isolation::kSerializable;
    default:
      return status::BadRequest("isolation", fmt::format("{} is no isolation; give one of protogres.v1.Isolation",
                                                         static_cast<int>(isolation)));
  }
}

}  // namespace

absl::StatusOr<db::SessionOptions> ToSessionOptions(const protogres::v1::TransactionOptions& options) {
  ASSIGN_OR_RETURN(const auto isolation, ToIsolation(options.isolation()));
  db::SessionOptions session{
      .transaction = db::Transaction::kExplicit, .isolation = isolation, .read_only = options.read_only()};
  if (!options.has_lock_timeout()) return session;
  const auto& timeout = options.lock_timeout();
  const bool is_time = timeout.seconds() >= 0 && timeout.seconds() <= kMostSeconds && timeout.nanos() >= 0 &&
                       timeout.nanos() < 1'000'000'000;
  const std::int64_t milliseconds = is_time ? timeout.seconds() * 1000 + timeout.nanos() / 1'000'000 : 0;
  // To PostgreSQL 0 means that there is no limit, but a caller who gives so little time wants the opposite.
  if (milliseconds <= 0 || milliseconds > kMost) {
    return status::BadRequest(
        "lock_timeout", fmt::format("must be from 0.001s to {}s; unset, it is as the database is set", kMostSeconds));
  }
  session.lock_timeout = std::chrono::milliseconds(milliseconds);
  return session;
}

absl::StatusOr<const crud::UnaryMethod*> MethodOf(const api::Api& api, const google::protobuf::Any& request) {
  const std::string& url = request.type_url();
  if (url.empty()) return status::BadRequest("request", "is required: a request of a method, as google.protobuf.Any");
  const std::string_view type = std::string_view(url).substr(url.rfind('/') + 1);
  if (const crud::UnaryMethod* method = api.FindByRequest(type)) return method;
  return status::BadRequest("request",
                            fmt::format("{} is not the request of a unary method of a table's service here", type),
                            status::kUnknownType);
}

absl::StatusOr<std::unique_ptr<crud::Operation>> PlanOperation(const crud::UnaryMethod& method,
                                                               std::string_view request) {
  auto operation = method.Plan(request);
  if (!operation.ok()) return status::Within("request", operation.status());
  const char* field = (*operation)->validate_only() ? "validate_only" : nullptr;
  if (!(*operation)->request_id().empty()) field = "request_id";
  if (field == nullptr) return operation;
  return status::Within("request", status::BadRequest(field, "is of the transaction as a whole: leave it unset"));
}

std::optional<absl::StatusOr<std::string>> Restarted(db::Session& session) {
  absl::Status restarted = session.Restart();
  return restarted.ok() ? std::nullopt : std::make_optional<absl::StatusOr<std::string>>(std::move(restarted));
}

google::protobuf::Any ToAny(const crud::Method& method, std::string response) {
  google::protobuf::Any any;
  any.set_type_url(kTypePrefix + std::string(method.names().response));
  any.set_value(std::move(response));
  return any;
}

}  // namespace protogres::transaction
