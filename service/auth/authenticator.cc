#include "auth/authenticator.h"

#include <utility>

#include "nlohmann/json.hpp"
#include "status/macros.h"
#include "text/ascii.h"

namespace protogres::auth {
namespace {

constexpr std::string_view kScheme = "bearer ";

// The role must be valid UTF-8.
std::shared_ptr<const Identity> AnonymousOf(const std::string& role) {
  if (role.empty()) return nullptr;
  const nlohmann::json claims{{"role", role}};
  return std::make_shared<const Identity>(WithFingerprint({role, claims.dump()}));
}

// The token of "Bearer <token>". Nothing: it is something else.
std::optional<std::string_view> BearerOf(std::string_view authorization) {
  if (authorization.size() < kScheme.size()) return std::nullopt;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    if (text::ToLower(authorization[i]) != kScheme[i]) return std::nullopt;
  }
  authorization.remove_prefix(kScheme.size());
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  while (authorization.ends_with(' ')) authorization.remove_suffix(1);
  return authorization;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Authenticator>> Authenticator::Open(const AuthOptions& options,
                                                                   std::function<Time()> now) {
  std::unique_ptr<Authenticator> authenticator(new Authenticator(options, std::move(now)));
  if (!options.jwt_keys.empty()) {
    ASSIGN_OR_RETURN(authenticator->keys_, KeyFiles::Open(options.jwt_keys, options.key_interval));
  }
  return authenticator;
}

Authenticator::Authenticator(const AuthOptions& options, std::function<Time()> now)
    : options_(options), now_(std::move(now)), anonymous_(AnonymousOf(options.anon_role)) {}

absl::StatusOr<std::shared_ptr<const Identity>> Authenticator::Authenticate(
    std::optional<std::string_view> authorization) {
  if (!authorization) return Anonymous();
  const auto token = BearerOf(*authorization);
  if (!token) return InvalidToken("must be \"Bearer\" and a token");
  if (!keys_) return InvalidToken("this server verifies no tokens (--jwt_key); call it without one");
  return Verify(*token);
}

absl::StatusOr<std::shared_ptr<const Identity>> Authenticator::Verify(std::string_view token) {
  const Time now = now_();
  const KeyFiles::Keys keys = keys_->Get();
  {
    const std::lock_guard lock(mutex_);
    if (cached_by_ != keys) {
      cache_.Clear();
      cached_by_ = keys;
    }
    if (auto known = cache_.Find(token, now)) return known;
  }
  ASSIGN_OR_RETURN(Token verified, VerifyToken(token, *keys, options_.rules, now));
  if (verified.identity.role.empty()) {
    if (!anonymous_) {
      return InvalidToken("the token names no role (--jwt_role_claim), and there is no --anon_role for it");
    }
    verified.identity.role = anonymous_->role;
  }
  auto identity = std::make_shared<const Identity>(WithFingerprint(std::move(verified.identity)));
  const std::lock_guard lock(mutex_);
  if (cached_by_ == keys) cache_.Insert(token, identity, verified.expires);
  return identity;
}

absl::StatusOr<std::shared_ptr<const Identity>> Authenticator::Anonymous() const {
  if (anonymous_) return anonymous_;
  return MissingToken();
}

}  // namespace protogres::auth
