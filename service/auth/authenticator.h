// Says who calls, by the `authorization` of a call. It knows neither gRPC nor the database.
#ifndef PROTOGRES_SERVICE_AUTH_AUTHENTICATOR_H_
#define PROTOGRES_SERVICE_AUTH_AUTHENTICATOR_H_

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "auth/identity.h"
#include "auth/key_files.h"
#include "auth/token.h"
#include "auth/token_cache.h"

namespace protogres::auth {

struct AuthOptions {
  // Files of keys; see ParseKeys.
  std::vector<std::string> jwt_keys = {};
  TokenRules rules = {};
  // The role of a call that has no token, or whose token names no role: valid UTF-8, and not "none". Empty: such a
  // call is refused.
  std::string anon_role = {};
  // How often the files are looked at.
  std::chrono::milliseconds key_interval{1000};

  // False: calls have no Identity, and run as the role that connects.
  bool any() const { return !jwt_keys.empty() || !anon_role.empty(); }
};

// Thread-safe.
class Authenticator {
 public:
  using Time = std::chrono::system_clock::time_point;

  // Reads the keys. INVALID_ARGUMENT: a file cannot be read or has no keys.
  static absl::StatusOr<std::unique_ptr<Authenticator>> Open(
      const AuthOptions& options, std::function<Time()> now = &std::chrono::system_clock::now);

  // `authorization` is the value of the header ("Bearer <token>"); nothing: the call has none. The same header gives
  // the same object again, as long as the token is valid and the keys are the same: it is verified once.
  // UNAUTHENTICATED as VerifyToken, and reason TOKEN_MISSING: a call without a token, or with one that names no role,
  // while there is no anonymous role. Does not block, but a token that is not known yet takes up to some tenths of a
  // millisecond.
  absl::StatusOr<std::shared_ptr<const Identity>> Authenticate(std::optional<std::string_view> authorization);

 private:
  Authenticator(const AuthOptions& options, std::function<Time()> now);
  absl::StatusOr<std::shared_ptr<const Identity>> Verify(std::string_view token);
  absl::StatusOr<std::shared_ptr<const Identity>> Anonymous() const;

  const AuthOptions options_;
  const std::function<Time()> now_;
  const std::shared_ptr<const Identity> anonymous_;  // null: there is none
  std::mutex mutex_;
  TokenCache cache_;
  KeyFiles::Keys cached_by_;        // the keys by which the tokens of the cache were verified
  std::unique_ptr<KeyFiles> keys_;  // null: there are none
};

}  // namespace protogres::auth

#endif  // PROTOGRES_SERVICE_AUTH_AUTHENTICATOR_H_
