#include "rpc/callers.h"

#include <optional>
#include <utility>
#include <vector>

#include "status/macros.h"

namespace protogres::rpc {
namespace {

using Settings = std::vector<db::Setting>;

// The role comes last: the others are set by the role that connects.
Settings SettingsOf(const auth::Identity* identity, const Call& call) {
  Settings settings{{"request.method", call.method()}};
  if (identity == nullptr) return settings;
  settings.push_back({"request.jwt.claims", identity->claims});
  settings.push_back({"role", identity->role});
  return settings;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Callers>> Callers::Open(const auth::AuthOptions& options, std::string pre_request) {
  std::unique_ptr<auth::Authenticator> authenticator;
  if (options.any()) {
    ASSIGN_OR_RETURN(authenticator, auth::Authenticator::Open(options));
  }
  return std::unique_ptr<Callers>(new Callers(std::move(authenticator), std::move(pre_request)));
}

Callers::Callers(std::unique_ptr<auth::Authenticator> authenticator, std::string pre_request)
    : authenticator_(std::move(authenticator)), pre_request_(std::move(pre_request)) {}

absl::StatusOr<std::shared_ptr<const db::Caller>> Callers::Find(const Call& call) {
  if (!authenticator_ && pre_request_.empty()) return nullptr;
  std::shared_ptr<const auth::Identity> identity;
  if (authenticator_) {
    ASSIGN_OR_RETURN(identity, authenticator_->Authenticate(call.header("authorization")));
  }
  auto caller = std::make_shared<db::Caller>();
  caller->settings = std::make_shared<const Settings>(SettingsOf(identity.get(), call));
  caller->pre_request = pre_request_;
  if (identity) caller->fingerprint = identity->fingerprint;
  caller->identity = std::move(identity);
  return caller;
}

absl::Status Callers::Authenticated(const Call& call) {
  const auto authorization = call.header("authorization");
  if (!authorization || !authenticator_) return auth::MissingToken();
  return authenticator_->Authenticate(authorization).status();
}

}  // namespace protogres::rpc
