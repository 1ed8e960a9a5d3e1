// Who calls: a role of the database and the claims of a token. A plain value.
#ifndef PROTOGRES_SERVICE_AUTH_IDENTITY_H_
#define PROTOGRES_SERVICE_AUTH_IDENTITY_H_

#include <string>

namespace protogres::auth {

// Two Identities are the same only where both are, byte for byte.
struct Identity {
  std::string role;
  // JSON text: the payload of the token as it came. Of a call without a token: {"role": <the anonymous role>}.
  std::string claims;

  friend bool operator==(const Identity&, const Identity&) = default;
};

}  // namespace protogres::auth

#endif  // PROTOGRES_SERVICE_AUTH_IDENTITY_H_
