#include "auth/authenticator.h"

#include <utility>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "status/macros.h"
#include "status/status.h"
#include "text/ascii.h"
#include "text/excerpt.h"

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

absl::Status NotMapped(TlsRole which, std::span<const std::string> names) {
  const char* const what = which == TlsRole::kCn ? "common name" : "DNS name or URI among its alternative names";
  return status::Error(absl::StatusCode::kUnauthenticated,
                       names.empty() ? fmt::format("the client's certificate has no {}, by which --role_map would give "
                                                   "it a role",
                                                   what)
                                     : fmt::format("--role_map has no role for the client's certificate, {}{}",
                                                   text::Excerpt(names.front()), names.size() > 1 ? " and others" : ""),
                       status::kCertificateNotMapped);
}

absl::Status NotOfCertificate(const std::string& role) {
  return status::Error(
      absl::StatusCode::kPermissionDenied,
      fmt::format("the token's role {} is none of those that --role_map gives to the client's certificate",
                  text::Excerpt(role)),
      status::kCertificateRole);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Authenticator>> Authenticator::Open(const AuthOptions& options,
                                                                   std::function<Time()> now) {
  std::unique_ptr<Authenticator> authenticator(new Authenticator(options, std::move(now)));
  if (!options.jwt_keys.empty()) {
    ASSIGN_OR_RETURN(authenticator->keys_, KeyFiles::Open(options.jwt_keys, options.key_interval));
  }
  if (options.tls_role != TlsRole::kOff) {
    ASSIGN_OR_RETURN(authenticator->role_map_, RoleMapFile::Open(options.role_map, options.key_interval));
  }
  return authenticator;
}

Authenticator::Authenticator(const AuthOptions& options, std::function<Time()> now)
    : options_(options), now_(std::move(now)), anonymous_(AnonymousOf(options.anon_role)) {}

absl::StatusOr<std::shared_ptr<const Identity>> Authenticator::Authenticate(
    std::optional<std::string_view> authorization, std::span<const std::string> names) {
  if (role_map_) return Mapped(authorization, names);
  if (!authorization) return Anonymous();
  return OfToken(*authorization, options_.anon_role);
}

absl::StatusOr<std::shared_ptr<const Identity>> Authenticator::Mapped(std::optional<std::string_view> authorization,
                                                                      std::span<const std::string> names) {
  const RoleMapFile::Map map = role_map_->Get();
  const RoleMap::Entry* const entry = map->Find(names);
  if (entry == nullptr) return NotMapped(options_.tls_role, names);
  if (!authorization) return entry->identity;
  ASSIGN_OR_RETURN(auto identity, OfToken(*authorization, entry->roles.front()));
  if (!entry->Allows(identity->role)) return NotOfCertificate(identity->role);
  return identity;
}

absl::StatusOr<std::shared_ptr<const Identity>> Authenticator::OfToken(std::string_view authorization,
                                                                       const std::string& role) {
  const auto token = BearerOf(authorization);
  if (!token) return InvalidToken("must be \"Bearer\" and a token");
  if (!keys_) return InvalidToken("this server verifies no tokens (--jwt_key); call it without one");
  return Verify(*token, role);
}

absl::StatusOr<std::shared_ptr<const Identity>> Authenticator::Verify(std::string_view token, const std::string& role) {
  const Time now = now_();
  const KeyFiles::Keys keys = keys_->Get();
  // Whose a token is that names no role depends on the certificate beside it. No token has a blank.
  const std::string beside = role_map_ ? fmt::format("{} {}", token, role) : "";
  const std::string_view known_as = role_map_ ? std::string_view(beside) : token;
  {
    const std::lock_guard lock(mutex_);
    if (cached_by_ != keys) {
      cache_.Clear();
      cached_by_ = keys;
    }
    if (auto known = cache_.Find(known_as, now)) return known;
  }
  ASSIGN_OR_RETURN(Token verified, VerifyToken(token, *keys, options_.rules, now));
  if (verified.identity.role.empty()) {
    if (role.empty()) {
      return InvalidToken("the token names no role (--jwt_role_claim), and there is no --anon_role for it");
    }
    verified.identity.role = role;
  }
  auto identity = std::make_shared<const Identity>(WithFingerprint(std::move(verified.identity)));
  const std::lock_guard lock(mutex_);
  if (cached_by_ == keys) cache_.Insert(known_as, identity, verified.expires);
  return identity;
}

absl::StatusOr<std::shared_ptr<const Identity>> Authenticator::Anonymous() const {
  if (anonymous_) return anonymous_;
  return MissingToken();
}

}  // namespace protogres::auth
