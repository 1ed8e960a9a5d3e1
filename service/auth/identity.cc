#include "auth/identity.h"

#include <openssl/evp.h>

#include <array>
#include <functional>
#include <utility>

#include "nlohmann/json.hpp"
#include "text/hex.h"

namespace protogres::auth {
namespace {

// Each token has its own.
constexpr const char* kOfToken[] = {"exp", "iat", "nbf", "jti"};
// Each login has its own, and some issuers make them anew with each token: those of OpenID Connect (Core 1.0, sections
// 2 and 3, and Back-Channel Logout), and what Keycloak, Supabase, Cognito and Entra ID call theirs. Where nothing else
// names the user, a session may be all that tells one user from another. What says how far somebody is trusted (acr,
// aal, scope) is not among them.
constexpr const char* kOfLogin[] = {"auth_time", "nonce",  "sid",        "session_state", "amr",      "at_hash",
                                    "c_hash",    "s_hash", "session_id", "origin_jti",    "event_id", "uti",
                                    "aio",       "rh"};

bool NamesUser(const nlohmann::json& claims) {
  const auto found = claims.find("sub");
  return found != claims.end() && found->is_string() && !found->get_ref<const std::string&>().empty();
}

}  // namespace

Identity WithFingerprint(Identity identity) {
  auto claims = nlohmann::json::parse(identity.claims);
  for (const char* const name : kOfToken) claims.erase(name);
  if (NamesUser(claims)) {
    for (const char* const name : kOfLogin) claims.erase(name);
  }
  const std::string text = nlohmann::json::array({identity.role, std::move(claims)}).dump();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  identity.fingerprint = text::ToHex({reinterpret_cast<const char*>(digest.data()), size});
  identity.user = std::hash<std::string>()(identity.fingerprint) | 1;
  return identity;
}

}  // namespace protogres::auth
