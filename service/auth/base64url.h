// Base64url without padding (RFC 7515, section 2), as the parts of a token have it. Pure.
#ifndef PROTOGRES_SERVICE_AUTH_BASE64URL_H_
#define PROTOGRES_SERVICE_AUTH_BASE64URL_H_

#include <optional>
#include <string>
#include <string_view>

namespace protogres::auth {

// Nothing: `text` has another character, padding, an impossible length, or bits at its end that stand for nothing. So
// no two texts have the same bytes.
std::optional<std::string> DecodeBase64Url(std::string_view text);

}  // namespace protogres::auth

#endif  // PROTOGRES_SERVICE_AUTH_BASE64URL_H_
