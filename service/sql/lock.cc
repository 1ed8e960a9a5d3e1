#include "sql/lock.h"

#include <cctype>

#include "fmt/format.h"
#include "status/status.h"
#include "text/ascii.h"
#include "text/excerpt.h"

namespace protogres::sql {
namespace {

constexpr std::string_view kStrengths[] = {"FOR UPDATE", "FOR NO KEY UPDATE", "FOR SHARE", "FOR KEY SHARE"};
constexpr std::string_view kNoWait = " NOWAIT";
constexpr std::string_view kSkipLocked = " SKIP LOCKED";

// Upper case, one space between words.
std::string Normalize(std::string_view text) {
  std::string words;
  bool space = false;
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c))) {
      space = !words.empty();
      continue;
    }
    if (space) words += ' ';
    space = false;
    words += text::ToUpper(c);
  }
  return words;
}

}  // namespace

absl::StatusOr<Lock> ParseLock(std::string_view text) {
  const std::string words = Normalize(text);
  if (words.empty()) return Lock{};
  for (const std::string_view strength : kStrengths) {
    if (!words.starts_with(strength)) continue;
    const std::string_view rest = std::string_view(words).substr(strength.size());
    if (rest.empty() || rest == kNoWait || rest == kSkipLocked) {
      return Lock{fmt::format(" {} OF t{}", strength, rest), rest == kSkipLocked};
    }
  }
  return status::BadRequest("lock", fmt::format("{} is no lock: give FOR UPDATE, FOR NO KEY UPDATE, FOR SHARE or "
                                                "FOR KEY SHARE, and after it nothing, NOWAIT or SKIP LOCKED",
                                                text::Excerpt(text)));
}

}  // namespace protogres::sql
