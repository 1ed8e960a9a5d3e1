// Verifies a JSON Web Token (RFC 7519) and reads from it who calls. Pure: it knows no files and no clock.
#ifndef PROTOGRES_SERVICE_AUTH_TOKEN_H_
#define PROTOGRES_SERVICE_AUTH_TOKEN_H_

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "auth/claim_path.h"
#include "auth/identity.h"
#include "auth/key.h"

namespace protogres::auth {

// The largest token, in bytes.
inline constexpr std::size_t kMaxTokenBytes = 16 * 1024;

// What a token must say.
struct TokenRules {
  // Empty: any audience, and any issuer.
  std::string audience = {};
  std::string issuer = {};
  ClaimPath role_claim = {};
  // By how much the clock of whoever made the token may be wrong.
  std::chrono::seconds clock_skew{30};
};

struct Token {
  // The role is empty where the token names none.
  Identity identity;
  // The time from which the token is refused.
  std::chrono::system_clock::time_point expires;
};

// UNAUTHENTICATED, with a message that tells nothing of the token and these reasons: TOKEN_INVALID, the token is too
// large, is no JWT signed by one of `keys` with the algorithm of that key, or its claims have the wrong types;
// TOKEN_EXPIRED and TOKEN_NOT_YET_VALID, at the time `now`; TOKEN_WRONG_AUDIENCE and TOKEN_WRONG_ISSUER.
absl::StatusOr<Token> VerifyToken(std::string_view token, std::span<const Key> keys, const TokenRules& rules,
                                  std::chrono::system_clock::time_point now);

// UNAUTHENTICATED, reasons TOKEN_INVALID and TOKEN_MISSING.
absl::Status InvalidToken(const std::string& what);
absl::Status MissingToken();

}  // namespace protogres::auth

#endif  // PROTOGRES_SERVICE_AUTH_TOKEN_H_
