#include "db/by_role.h"

#include "absl/strings/ascii.h"
#include "fmt/format.h"

namespace protogres::db {

std::string OfRole(const std::string& sql, std::string_view role) {
  if (!IsByRole(sql)) return sql;
  std::string text = sql.substr(0, sql.size() - kByRole.size());
  if (role.empty()) return text;
  text += " /* role ";
  for (const char c : role) {
    // A role's name may have any characters, and must not end the comment.
    const auto byte = static_cast<unsigned char>(c);
    text += absl::ascii_isalnum(byte) || c == '_' ? std::string(1, c) : fmt::format("%{:02x}", byte);
  }
  return text + " */";
}

}  // namespace protogres::db
