// The keys by which tokens are verified, and the files that they stand in. Pure.
#ifndef PROTOGRES_SERVICE_AUTH_KEY_H_
#define PROTOGRES_SERVICE_AUTH_KEY_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace protogres::auth {

enum class Algorithm { kHs256, kRs256, kEs256 };

struct Key {
  // The only one that this key verifies: a public key is never taken for a secret.
  Algorithm algorithm = Algorithm::kHs256;
  // The bytes of a secret, or a public key as PEM text.
  std::string bytes = {};
  // The name by which a token's header asks for it. Empty: it has none.
  std::string id = {};
};

// The keys of a file: a JWK or a set of them (RFC 7517), public keys or certificates in PEM, or else the bytes of a
// secret, without the line break at their end. Keys of a JWKS that are of another kind, or for another use, are passed
// over. INVALID_ARGUMENT, without a word of the file: there is no key, a private key, an RSA key below 2048 bits, an EC
// key that is not on P-256, a secret of less than 32 bytes, or what looks like a key, or a set of them, that is broken
// or of another form: it may be public, and must never become a secret.
absl::StatusOr<std::vector<Key>> ParseKeys(std::string_view file);

// The keys are those of a file that is taken for the bytes of a secret.
bool IsOneSecret(const std::vector<Key>& keys);

}  // namespace protogres::auth

#endif  // PROTOGRES_SERVICE_AUTH_KEY_H_
