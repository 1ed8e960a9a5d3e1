// Which roles a client may have by its certificate: --role_map, as PostgreSQL's pg_ident.conf maps names. Pure.
#ifndef PROTOGRES_SERVICE_AUTH_ROLE_MAP_H_
#define PROTOGRES_SERVICE_AUTH_ROLE_MAP_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "auth/identity.h"

namespace protogres::auth {

class RoleMap {
 public:
  // What a line says of a name.
  struct Entry {
    std::vector<std::string> roles;  // not empty
    // Of a call without a token: the first role, and the claims {"role": <role>, "sub": <name>}.
    std::shared_ptr<const Identity> identity;

    bool Allows(std::string_view role) const;
  };

  // A line has a name and its roles, between commas: `orders.internal orders_app,reporting`. A name, or a role, that
  // has a blank, a comma, a quote or a # stands in double quotes, with two for one of its own. What follows a # that
  // begins a line or stands after a blank is a comment. INVALID_ARGUMENT, with the number of the line: it has no role,
  // a role that cannot be one, or a name that an earlier line has; no line has a name, the text is no UTF-8, or its
  // last line does not end with a line break, as of a file that is half written.
  static absl::StatusOr<RoleMap> Parse(std::string_view file);

  // Of the first of `names` that the map has. Null: it has none of them.
  const Entry* Find(std::span<const std::string> names) const;
  std::size_t size() const { return entries_.size(); }

 private:
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace protogres::auth

#endif  // PROTOGRES_SERVICE_AUTH_ROLE_MAP_H_
