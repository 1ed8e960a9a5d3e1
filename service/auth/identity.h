// Who calls: a role of the database and the claims of a token. A plain value.
#ifndef PROTOGRES_SERVICE_AUTH_IDENTITY_H_
#define PROTOGRES_SERVICE_AUTH_IDENTITY_H_

#include <cstdint>
#include <string>

namespace protogres::auth {

// Two Identities are the same only where both are, byte for byte.
struct Identity {
  std::string role;
  // JSON text: the payload of the token as it came. Of a call without a token: {"role": <the anonymous role>}.
  std::string claims;
  // A hash of the role and the claims that say who somebody is and what they may do: without those that each token of a
  // user has anew, and, where the claim `sub` names the user, without those of the login that the token comes from.
  std::string fingerprint = {};
  // A hash of the fingerprint, by which users share what there is; never 0.
  std::uint64_t user = 1;

  friend bool operator==(const Identity& a, const Identity& b) { return a.role == b.role && a.claims == b.claims; }
};

// Gives an Identity its fingerprint and its user. Its claims must be a JSON object.
Identity WithFingerprint(Identity identity);

}  // namespace protogres::auth

#endif  // PROTOGRES_SERVICE_AUTH_IDENTITY_H_
