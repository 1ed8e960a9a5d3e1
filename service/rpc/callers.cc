#include "rpc/callers.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "rpc/traceparent.h"
#include "status/macros.h"
#include "status/status.h"

namespace protogres::rpc {
namespace {

// The longest application_name, in bytes: PostgreSQL cuts off what goes beyond.
constexpr std::size_t kMostName = 63;

// "GetCustomer 4bf92f3577b34da6a3ce929d0e0e4736". The name of the method gives way to the trace.
std::string NameOf(const Call& call) {
  std::string name = call.method().substr(call.method().rfind('/') + 1);
  const auto traceparent = call.header(kTraceparent);
  const auto trace = traceparent ? TraceId(*traceparent) : std::nullopt;
  if (trace) {
    name.resize(std::min(name.size(), kMostName - 1 - trace->size()));
    name.append(" ").append(*trace);
  }
  return name;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Callers>> Callers::Open(const CallerOptions& options) {
  std::unique_ptr<auth::Authenticator> authenticator;
  if (options.auth.any()) {
    ASSIGN_OR_RETURN(authenticator, auth::Authenticator::Open(options.auth));
  }
  return std::unique_ptr<Callers>(new Callers(std::move(authenticator), options));
}

Callers::Callers(std::unique_ptr<auth::Authenticator> authenticator, const CallerOptions& options)
    : authenticator_(std::move(authenticator)),
      tls_role_(options.auth.tls_role),
      pre_request_(options.pre_request),
      trace_sql_(options.trace_sql) {}

absl::StatusOr<std::shared_ptr<const db::Caller>> Callers::Find(const Call& call) {
  if (!authenticator_ && pre_request_.empty() && !trace_sql_) return nullptr;
  auto caller = std::make_shared<db::Caller>();
  if (authenticator_) {
    ASSIGN_OR_RETURN(const auto identity, Authenticate(call));
    caller->role = identity->role;
    caller->claims = identity->claims;
    caller->fingerprint = identity->fingerprint;
    caller->user = identity->user;
    caller->identity = identity;
  }
  caller->method = call.method();
  caller->pre_request = pre_request_;
  if (trace_sql_) caller->application_name = NameOf(call);
  return caller;
}

absl::StatusOr<std::shared_ptr<const auth::Identity>> Callers::Authenticated(const Call& call) {
  const bool has_means = tls_role_ != auth::TlsRole::kOff || call.header("authorization");
  if (!authenticator_ || !has_means) return Count(auth::MissingToken());
  return Authenticate(call);
}

absl::StatusOr<std::shared_ptr<const auth::Identity>> Callers::Authenticate(const Call& call) {
  std::vector<std::string> names;
  if (tls_role_ != auth::TlsRole::kOff) {
    names = call.certificate_names(tls_role_ == auth::TlsRole::kCn ? Call::CertificateNames::kCn
                                                                   : Call::CertificateNames::kSan);
  }
  auto identity = authenticator_->Authenticate(call.header("authorization"), names);
  if (!identity.ok()) return Count(identity.status());
  return identity;
}

absl::Status Callers::Count(absl::Status refusal) {
  const std::string reason = status::ReasonOf(refusal);
  for (std::size_t i = 0; i < refusals_.size(); ++i) {
    if (reason == auth::kRefusals[i]) refusals_[i].Add();
  }
  return refusal;
}

Callers::Refusals Callers::refusals() const {
  Refusals refusals;
  for (std::size_t i = 0; i < refusals_.size(); ++i) refusals.emplace_back(auth::kRefusals[i], refusals_[i].value());
  return refusals;
}

}  // namespace protogres::rpc
