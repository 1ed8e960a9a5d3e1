#include "auth/token.h"

#include <jwt.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "auth/base64url.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "status/macros.h"
#include "status/status.h"

namespace protogres::auth {
namespace {

using Json = nlohmann::json;
using SystemClock = std::chrono::system_clock;

// The parts of a token as they came.
struct Parts {
  std::string_view header;
  std::string_view payload;
};

absl::Status Refused(const std::string& what, const char* reason) {
  return status::Error(absl::StatusCode::kUnauthenticated, "authorization: " + what, reason);
}

absl::StatusOr<Parts> Split(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return InvalidToken("the token is no signed JWT, which has three parts between dots");
  }
  if (!DecodeBase64Url(token.substr(second + 1))) return InvalidToken("the token's signature is not base64url");
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1)};
}

absl::StatusOr<Json> ParseObject(const std::optional<std::string>& text, const char* part) {
  Json object = text ? Json::parse(*text, nullptr, false) : Json();
  if (!object.is_object()) return InvalidToken(fmt::format("the token's {} is no JSON object in base64url", part));
  return object;
}

std::string TextOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<Algorithm> AlgorithmOf(const std::string& name) {
  if (name == "HS256") return Algorithm::kHs256;
  if (name == "RS256") return Algorithm::kRs256;
  return name == "ES256" ? std::optional(Algorithm::kEs256) : std::nullopt;
}

jwt_alg_t ToLibrary(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kHs256:
      return JWT_ALG_HS256;
    case Algorithm::kRs256:
      return JWT_ALG_RS256;
    case Algorithm::kEs256:
      return JWT_ALG_ES256;
  }
  return JWT_ALG_INVAL;
}

// The library takes the algorithm from the token's header. So it is given only keys of that algorithm, and asked
// afterwards which one it took.
bool IsSignedBy(const Key& key, const std::string& token) {
  jwt_t* decoded = nullptr;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(key.bytes.data());
  const int error = jwt_decode(&decoded, token.c_str(), bytes, static_cast<int>(key.bytes.size()));
  ERR_clear_error();
  const std::unique_ptr<jwt_t, decltype(&jwt_free)> owned(decoded, &jwt_free);
  return error == 0 && decoded != nullptr && jwt_get_alg(decoded) == ToLibrary(key.algorithm);
}

absl::Status CheckSignature(std::string_view token, const Json& header, std::span<const Key> keys) {
  const auto algorithm = AlgorithmOf(TextOf(header, "alg"));
  if (!algorithm) return InvalidToken("the token's algorithm is none of HS256, RS256 and ES256");
  // What it names must be understood (RFC 7515, section 4.1.11), and nothing is.
  if (header.contains("crit")) return InvalidToken("the token's header has \"crit\", which is not supported");
  const std::string id = TextOf(header, "kid");
  const std::string text(token);
  const bool is_signed = std::ranges::any_of(keys, [&](const Key& key) {
    const bool asked_for = id.empty() || key.id.empty() || key.id == id;
    return key.algorithm == *algorithm && asked_for && IsSignedBy(key, text);
  });
  if (is_signed) return absl::OkStatus();
  return InvalidToken("the token is not signed by a key of --jwt_key with the algorithm that it names");
}

// The time of a claim, in seconds since 1970. Nothing: there is no such claim.
absl::StatusOr<std::optional<double>> TimeOf(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end()) return std::nullopt;
  const double seconds = found->is_number() ? found->get<double>() : NAN;
  if (!std::isfinite(seconds)) return InvalidToken(fmt::format("the token's claim {} is no number", name));
  return seconds;
}

// Returns the time from which the token is refused.
absl::StatusOr<SystemClock::time_point> CheckTimes(const Json& claims, std::chrono::seconds skew,
                                                   SystemClock::time_point now) {
  // A time that is further away would be beyond what the clock can hold.
  constexpr double kFar = 200.0 * 365 * 24 * 3600;
  const double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
  const auto allowed = static_cast<double>(skew.count());
  for (const char* const name : {"nbf", "iat"}) {
    ASSIGN_OR_RETURN(const auto time, TimeOf(claims, name));
    if (time && *time > seconds + allowed) {
      return Refused(fmt::format("the token's claim {} is a time that has not come yet", name),
                     status::kTokenNotYetValid);
    }
  }
  ASSIGN_OR_RETURN(const auto expires, TimeOf(claims, "exp"));
  if (!expires || *expires + allowed > kFar) return SystemClock::time_point::max();
  if (*expires + allowed <= seconds) return Refused("the token has expired", status::kTokenExpired);
  return SystemClock::time_point(
      std::chrono::duration_cast<SystemClock::duration>(std::chrono::duration<double>(*expires + allowed)));
}

bool IsFor(const Json& claims, const std::string& audience) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return false;
  if (!found->is_array()) return *found == audience;
  return std::ranges::any_of(*found, [&](const Json& element) { return element == audience; });
}

absl::Status CheckParties(const Json& claims, const TokenRules& rules) {
  if (!rules.audience.empty() && !IsFor(claims, rules.audience)) {
    return Refused("the token's claim aud is not the one of --jwt_audience", status::kTokenWrongAudience);
  }
  if (!rules.issuer.empty() && TextOf(claims, "iss") != rules.issuer) {
    return Refused("the token's claim iss is not the one of --jwt_issuer", status::kTokenWrongIssuer);
  }
  return absl::OkStatus();
}

// Empty: the token names no role.
absl::StatusOr<std::string> RoleOf(const Json& claims, const ClaimPath& path) {
  const Json* const found = path.Find(claims);
  if (found == nullptr) return "";
  const std::string role = found->is_string() ? found->get<std::string>() : "";
  // To PostgreSQL the role "none" is the one that connects.
  if (role.empty() || role == "none" || role.find('\0') != std::string::npos) {
    return InvalidToken("what the token has as its role (--jwt_role_claim) is no name of a role");
  }
  return role;
}

}  // namespace

absl::Status InvalidToken(const std::string& what) { return Refused(what, status::kTokenInvalid); }

absl::Status MissingToken() { return Refused("is missing; send \"Bearer\" and a token", status::kTokenMissing); }

absl::StatusOr<Token> VerifyToken(std::string_view token, std::span<const Key> keys, const TokenRules& rules,
                                  SystemClock::time_point now) {
  if (token.size() > kMaxTokenBytes) {
    return InvalidToken(fmt::format("the token has more than {} bytes", kMaxTokenBytes));
  }
  ASSIGN_OR_RETURN(const Parts parts, Split(token));
  ASSIGN_OR_RETURN(const Json header, ParseObject(DecodeBase64Url(parts.header), "header"));
  RETURN_IF_ERROR(CheckSignature(token, header, keys));
  auto payload = DecodeBase64Url(parts.payload);
  ASSIGN_OR_RETURN(const Json claims, ParseObject(payload, "payload"));
  Token result;
  ASSIGN_OR_RETURN(result.expires, CheckTimes(claims, rules.clock_skew, now));
  RETURN_IF_ERROR(CheckParties(claims, rules));
  ASSIGN_OR_RETURN(result.identity.role, RoleOf(claims, rules.role_claim));
  result.identity.claims = *std::move(payload);
  return result;
}

}  // namespace protogres::auth
