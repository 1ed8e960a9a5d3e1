#include "auth/claim_path.h"

#include <charconv>

#include "nlohmann/json.hpp"

namespace protogres::auth {
namespace {

constexpr std::string_view kEndOfName = ".[]\"";

// Takes a name off the front of `rest`: up to a dot or a bracket, or between two quotes. Empty: there is none.
std::string TakeName(std::string_view* rest) {
  const bool quoted = rest->starts_with('"');
  if (quoted) rest->remove_prefix(1);
  const std::size_t end = quoted ? rest->find('"') : std::min(rest->find_first_of(kEndOfName), rest->size());
  if (end == std::string_view::npos) return "";
  std::string name(rest->substr(0, end));
  rest->remove_prefix(end + (quoted ? 1 : 0));
  return name;
}

// Takes "[3]" off the front of `rest`. Nothing: there is none.
std::optional<std::size_t> TakeIndex(std::string_view* rest) {
  std::size_t index = 0;
  const char* const begin = rest->data() + 1;
  const char* const end = rest->data() + rest->size();
  const auto [after, error] = std::from_chars(begin, end, index);
  if (error != std::errc() || after == end || *after != ']') return std::nullopt;
  rest->remove_prefix(static_cast<std::size_t>(after + 1 - rest->data()));
  return index;
}

}  // namespace

std::optional<ClaimPath> ClaimPath::Parse(std::string_view text) {
  ClaimPath path;
  path.steps_.clear();
  if (!text.starts_with('.') && !text.starts_with('[')) {
    std::string name = TakeName(&text);
    if (name.empty()) return std::nullopt;
    path.steps_.emplace_back(std::move(name));
  }
  while (!text.empty()) {
    if (text.front() == '[') {
      const auto index = TakeIndex(&text);
      if (!index) return std::nullopt;
      path.steps_.emplace_back(*index);
      continue;
    }
    if (text.front() != '.') return std::nullopt;
    text.remove_prefix(1);
    std::string name = TakeName(&text);
    if (name.empty()) return std::nullopt;
    path.steps_.emplace_back(std::move(name));
  }
  if (path.steps_.empty()) return std::nullopt;
  return path;
}

const nlohmann::json* ClaimPath::Find(const nlohmann::json& claims) const {
  const nlohmann::json* at = &claims;
  for (const auto& step : steps_) {
    if (const auto* name = std::get_if<std::string>(&step)) {
      if (!at->is_object()) return nullptr;
      const auto found = at->find(*name);
      if (found == at->end()) return nullptr;
      at = &*found;
    } else {
      const std::size_t index = std::get<std::size_t>(step);
      if (!at->is_array() || index >= at->size()) return nullptr;
      at = &(*at)[index];
    }
  }
  return at;
}

}  // namespace protogres::auth
