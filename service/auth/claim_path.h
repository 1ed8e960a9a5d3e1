// Where in the claims of a token the role stands: --jwt_role_claim, as PostgREST's jwt-role-claim-key. Pure.
#ifndef PROTOGRES_SERVICE_AUTH_CLAIM_PATH_H_
#define PROTOGRES_SERVICE_AUTH_CLAIM_PATH_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "nlohmann/json_fwd.hpp"

namespace protogres::auth {

class ClaimPath {
 public:
  // .role
  ClaimPath() : steps_{std::string("role")} {}

  // ".role", ".app.roles[0]", ".\"https://example.com/role\"". The first dot may be left out. Nothing: it is no path.
  static std::optional<ClaimPath> Parse(std::string_view text);

  // What stands there; null: nothing does. It belongs to `claims`.
  const nlohmann::json* Find(const nlohmann::json& claims) const;

 private:
  // The name of a member, or the index of an element.
  std::vector<std::variant<std::string, std::size_t>> steps_;
};

}  // namespace protogres::auth

#endif  // PROTOGRES_SERVICE_AUTH_CLAIM_PATH_H_
