#include "auth/role_map.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "status/macros.h"
#include "text/utf8.h"

namespace protogres::auth {
namespace {

constexpr std::string_view kBlanks = " \t\r";

absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

// Reads a line from its beginning.
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) {}

  // Only blanks and a comment are left. Takes blanks, and a comment, away.
  bool AtEnd() {
    const bool apart = at_start_ || rest_.empty() || kBlanks.find(rest_.front()) != std::string_view::npos;
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size()));
    if (apart && rest_.starts_with('#')) rest_ = {};
    return rest_.empty();
  }
  bool Take(char c) {
    if (AtEnd() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // A word without quotes ends at a blank and, where it is one of a list, at a comma.
  absl::StatusOr<std::string> Word(bool in_list) {
    at_start_ = false;
    if (!rest_.empty() && rest_.front() == '"') return Quoted();
    const std::size_t size = std::min(rest_.find_first_of(in_list ? " \t\r,\"" : " \t\r\""), rest_.size());
    const std::string word(rest_.substr(0, size));
    rest_.remove_prefix(size);
    if (!rest_.empty() && rest_.front() == '"') return Wrong("a quote stands inside of a word");
    return word;
  }

 private:
  absl::StatusOr<std::string> Quoted() {
    std::string word;
    while (true) {
      rest_.remove_prefix(1);  // the quote before
      const std::size_t end = rest_.find('"');
      if (end == std::string_view::npos) return Wrong("a quote has no end");
      word += rest_.substr(0, end);
      rest_.remove_prefix(end + 1);
      if (rest_.empty() || rest_.front() != '"') break;
      word += '"';
    }
    if (!rest_.empty() && rest_.front() != ',' && kBlanks.find(rest_.front()) == std::string_view::npos) {
      return Wrong("a blank is missing after a quote");
    }
    return word;
  }

  std::string_view rest_;
  bool at_start_ = true;
};

// To PostgreSQL the role "none" is the one that connects.
absl::Status CheckRole(const std::string& role) {
  if (role.empty()) return Wrong("a role is missing: it must be a name and roles between commas, such as `web reader`");
  if (role == "none" || role.find('\0') != std::string::npos) return Wrong("\"none\" is no role");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ReadRoles(Line& line) {
  std::vector<std::string> roles;
  do {
    if (line.AtEnd()) return CheckRole("");
    ASSIGN_OR_RETURN(std::string role, line.Word(true));
    RETURN_IF_ERROR(CheckRole(role));
    roles.push_back(std::move(role));
  } while (line.Take(','));
  if (!line.AtEnd()) return Wrong("several roles must have commas between them");
  return roles;
}

std::shared_ptr<const Identity> IdentityOf(const std::string& name, const std::string& role) {
  const nlohmann::json claims{{"role", role}, {"sub", name}};
  return std::make_shared<const Identity>(WithFingerprint({role, claims.dump()}));
}

struct Mapping {
  std::string name;
  std::vector<std::string> roles;
};

// Nothing: the line has a comment, or nothing.
absl::StatusOr<std::optional<Mapping>> ReadLine(std::string_view text) {
  Line line(text);
  if (line.AtEnd()) return std::nullopt;
  Mapping mapping;
  ASSIGN_OR_RETURN(mapping.name, line.Word(false));
  if (mapping.name.empty()) return Wrong("the name is empty");
  ASSIGN_OR_RETURN(mapping.roles, ReadRoles(line));
  return std::optional(std::move(mapping));
}

}  // namespace

bool RoleMap::Entry::Allows(std::string_view role) const { return std::ranges::find(roles, role) != roles.end(); }

absl::StatusOr<RoleMap> RoleMap::Parse(std::string_view file) {
  if (!text::IsUtf8(file)) return Wrong("is not UTF-8");
  RoleMap map;
  for (int number = 1; !file.empty(); ++number) {
    const std::size_t end = file.find('\n');
    if (end == std::string_view::npos) {
      return Wrong(
          fmt::format("line {}: the last line does not end with a line break, as if half of it were missing", number));
    }
    auto read = ReadLine(file.substr(0, end));
    file.remove_prefix(end + 1);
    if (!read.ok()) return Wrong(fmt::format("line {}: {}", number, std::string(read.status().message())));
    if (!*read) continue;
    auto& [name, roles] = **read;
    auto identity = IdentityOf(name, roles.front());
    if (!map.entries_.try_emplace(name, Entry{std::move(roles), std::move(identity)}).second) {
      return Wrong(fmt::format("line {}: an earlier line has the same name; one line must have all its roles", number));
    }
  }
  if (map.entries_.empty()) return Wrong("has no line with a name and roles, such as `orders.internal orders_app`");
  return map;
}

const RoleMap::Entry* RoleMap::Find(std::span<const std::string> names) const {
  for (const std::string& name : names) {
    if (const auto found = entries_.find(name); found != entries_.end()) return &found->second;
  }
  return nullptr;
}

}  // namespace protogres::auth
