#include "db/by_role.h"

#include "absl/strings/ascii.h"
#include "fmt/format.h"

namespace protogres::db {
namespace {

// Ends what OfRole has made.
constexpr std::string_view kEnd = " */";

}  // namespace

bool IsByRole(std::string_view sql, std::string_view role) {
  if (sql.ends_with(kByRole)) return true;
  return !role.empty() && !sql.ends_with(kEnd) && sql.find(kWithRow) != std::string_view::npos;
}

std::string OfRole(const std::string& sql, std::string_view role) {
  if (!IsByRole(sql, role)) return sql;
  std::string text = sql.substr(0, sql.size() - (sql.ends_with(kByRole) ? kByRole.size() : 0));
  if (role.empty()) return text;
  text += " /* role ";
  for (const char c : role) {
    // A role's name may have any characters, and must not end the comment.
    const auto byte = static_cast<unsigned char>(c);
    text += absl::ascii_isalnum(byte) || c == '_' ? std::string(1, c) : fmt::format("%{:02x}", byte);
  }
  text += kEnd;
  return text;
}

}  // namespace protogres::db
