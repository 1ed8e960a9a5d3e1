#include "db/by_role.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "fmt/format.h"

namespace protogres::db {
namespace {

// Ends what OfRole has made.
constexpr std::string_view kEnd = " */";

}  // namespace

bool IsByRole(std::string_view sql, std::string_view role) { return !role.empty() && !sql.ends_with(kEnd); }

std::string OfRole(const std::string& sql, std::string_view role) {
  if (!IsByRole(sql, role)) return sql;
  std::string text = sql + " /* role ";
  for (const char c : role) {
    // A role's name may have any characters, and must not end the comment.
    const auto byte = static_cast<unsigned char>(c);
    text += absl::ascii_isalnum(byte) || c == '_' ? std::string(1, c) : fmt::format("%{:02x}", byte);
  }
  text += kEnd;
  return text;
}

std::vector<Statement> AllOfRole(std::span<const Statement> statements, std::string_view role) {
  if (std::ranges::none_of(statements, [role](const Statement& one) { return IsByRole(one.sql, role); })) return {};
  std::vector<Statement> own(statements.begin(), statements.end());
  for (Statement& one : own) one.sql = OfRole(one.sql, role);
  return own;
}

}  // namespace protogres::db
