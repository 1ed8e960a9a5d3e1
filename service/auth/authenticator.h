// Says who calls, by the `authorization` of a call and the certificate of its client. It knows neither gRPC nor the
// database.
#ifndef PROTOGRES_SERVICE_AUTH_AUTHENTICATOR_H_
#define PROTOGRES_SERVICE_AUTH_AUTHENTICATOR_H_

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "auth/identity.h"
#include "auth/key_files.h"
#include "auth/role_map_file.h"
#include "auth/token.h"
#include "auth/token_cache.h"
#include "status/reason.h"

namespace protogres::auth {

// All reasons for which a call is refused.
inline constexpr const char* kRefusals[] = {
    status::kCertificateNotMapped, status::kCertificateRole,  status::kTokenExpired,       status::kTokenInvalid,
    status::kTokenMissing,         status::kTokenNotYetValid, status::kTokenWrongAudience, status::kTokenWrongIssuer};

// What of a client's certificate a RoleMap maps: nothing, its DNS names and URIs, or its common name.
enum class TlsRole { kOff, kSan, kCn };

struct AuthOptions {
  // Files of keys; see ParseKeys.
  std::vector<std::string> jwt_keys = {};
  TokenRules rules = {};
  // The role of a call that has no token, or whose token names no role: valid UTF-8, and not "none". Empty: such a
  // call is refused.
  std::string anon_role = {};
  // By which of the names of its certificate a client gets its roles, and the file that says which; see RoleMap. Both
  // or neither.
  TlsRole tls_role = TlsRole::kOff;
  std::string role_map = {};
  // How often the files are looked at.
  std::chrono::milliseconds key_interval{1000};

  // False: calls have no Identity, and run as the role that connects.
  bool any() const { return !jwt_keys.empty() || !anon_role.empty() || tls_role != TlsRole::kOff; }
};

// Thread-safe.
class Authenticator {
 public:
  using Time = std::chrono::system_clock::time_point;

  // Reads the keys and the map. INVALID_ARGUMENT: a file cannot be read, has no keys, or is no map.
  static absl::StatusOr<std::unique_ptr<Authenticator>> Open(
      const AuthOptions& options, std::function<Time()> now = &std::chrono::system_clock::now);

  // `authorization` is the value of the header ("Bearer <token>"); nothing: the call has none. The same header gives
  // the same object again, as long as the token is valid and the keys are the same: it is verified once. `names` are
  // those of the client's certificate, and count where there is a map: then the call has one of the roles of the first
  // that is mapped, the first role unless a token names another one.
  // UNAUTHENTICATED as VerifyToken, and reason TOKEN_MISSING: a call without a token, or with one that names no role,
  // while there is no anonymous role; CERTIFICATE_NOT_MAPPED: the map has none of the names. PERMISSION_DENIED, reason
  // CERTIFICATE_ROLE: the token names a role that the map does not give to the certificate. Does not block, but a token
  // that is not known yet takes up to some tenths of a millisecond.
  absl::StatusOr<std::shared_ptr<const Identity>> Authenticate(std::optional<std::string_view> authorization,
                                                               std::span<const std::string> names = {});

 private:
  Authenticator(const AuthOptions& options, std::function<Time()> now);
  absl::StatusOr<std::shared_ptr<const Identity>> Mapped(std::optional<std::string_view> authorization,
                                                         std::span<const std::string> names);
  // `role`: of a token that names none. Empty: it is refused.
  absl::StatusOr<std::shared_ptr<const Identity>> OfToken(std::string_view authorization, const std::string& role);
  absl::StatusOr<std::shared_ptr<const Identity>> Verify(std::string_view token, const std::string& role);
  absl::StatusOr<std::shared_ptr<const Identity>> Anonymous() const;

  const AuthOptions options_;
  const std::function<Time()> now_;
  const std::shared_ptr<const Identity> anonymous_;  // null: there is none
  std::mutex mutex_;
  TokenCache cache_;
  KeyFiles::Keys cached_by_;               // the keys by which the tokens of the cache were verified
  std::unique_ptr<KeyFiles> keys_;         // null: there are none
  std::unique_ptr<RoleMapFile> role_map_;  // null: certificates give no roles
};

}  // namespace protogres::auth

#endif  // PROTOGRES_SERVICE_AUTH_AUTHENTICATOR_H_
