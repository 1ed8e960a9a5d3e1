#include "rpc/traceparent.h"

#include <algorithm>

namespace protogres::rpc {
namespace {

// version "-" trace-id "-" parent-id "-" flags
constexpr std::size_t kVersion = 2;
constexpr std::size_t kTrace = 32;
constexpr std::size_t kParent = 16;
constexpr std::size_t kFlags = 2;
constexpr std::size_t kSize = kVersion + 1 + kTrace + 1 + kParent + 1 + kFlags;

bool IsHex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

std::optional<std::string_view> TraceId(std::string_view value) {
  if (value.size() < kSize) return std::nullopt;
  const std::string_view version = value.substr(0, kVersion);
  const std::string_view trace = value.substr(kVersion + 1, kTrace);
  const std::string_view parent = value.substr(kVersion + 1 + kTrace + 1, kParent);
  const std::string_view flags = value.substr(kSize - kFlags, kFlags);
  for (const std::string_view part : {version, trace, parent, flags}) {
    if (!IsHex(part)) return std::nullopt;
  }
  for (const std::size_t at : {kVersion, kVersion + 1 + kTrace, kSize - kFlags - 1}) {
    if (value[at] != '-') return std::nullopt;
  }
  // A later version may go on after another dash.
  if (value.size() > kSize && (version == "00" || value[kSize] != '-')) return std::nullopt;
  if (version == "ff" || IsZero(trace) || IsZero(parent)) return std::nullopt;
  return trace;
}

}  // namespace protogres::rpc
