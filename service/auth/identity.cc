#include "auth/identity.h"

#include <openssl/evp.h>

#include <array>
#include <utility>

#include "nlohmann/json.hpp"
#include "text/hex.h"

namespace protogres::auth {

Identity WithFingerprint(Identity identity) {
  auto claims = nlohmann::json::parse(identity.claims);
  for (const char* const name : {"exp", "iat", "nbf", "jti"}) claims.erase(name);
  const std::string text = nlohmann::json::array({identity.role, std::move(claims)}).dump();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  identity.fingerprint = text::ToHex({reinterpret_cast<const char*>(digest.data()), size});
  return identity;
}

}  // namespace protogres::auth
