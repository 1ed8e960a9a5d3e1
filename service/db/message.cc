#include "db/message.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

namespace protogres::db {
namespace {

constexpr std::size_t kStateLength = 5;
constexpr std::string_view kSeparator = ":  ";

bool IsState(std::string_view text) {
  return text.size() == kStateLength &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

// The position of the SQLSTATE in "ERROR:  23505: message".
std::size_t FindState(std::string_view text) {
  for (std::size_t at = text.find(kSeparator); at != std::string_view::npos; at = text.find(kSeparator, at + 1)) {
    const std::size_t state = at + kSeparator.size();
    const std::size_t end = state + kStateLength;
    if (end < text.size() && text[end] == ':' && IsState(text.substr(state, kStateLength))) return state;
  }
  return std::string_view::npos;
}

// The parts of a message in libpq's order, each at the start of a line. A value
// within a detail may hold such a line too, so the search goes from the end.
struct Part {
  std::string_view label;
  std::string_view text;
};

struct Parts {
  std::array<Part, 11> in_order = {{{"\nLINE ", {}},
                                    {"\nDETAIL:  ", {}},
                                    {"\nHINT:  ", {}},
                                    {"\nQUERY:  ", {}},
                                    {"\nCONTEXT:  ", {}},
                                    {"\nSCHEMA NAME:  ", {}},
                                    {"\nTABLE NAME:  ", {}},
                                    {"\nCOLUMN NAME:  ", {}},
                                    {"\nDATATYPE NAME:  ", {}},
                                    {"\nCONSTRAINT NAME:  ", {}},
                                    {"\nLOCATION:  ", {}}}};

  // Gives what is left: the primary message.
  std::string_view Split(std::string_view text) {
    for (auto part = in_order.rbegin(); part != in_order.rend(); ++part) {
      const std::size_t at = text.rfind(part->label);
      if (at == std::string_view::npos) continue;
      part->text = text.substr(at + part->label.size());
      text = text.substr(0, at);
    }
    return text;
  }

  std::string_view Get(std::string_view name) const {
    for (const Part& part : in_order) {
      if (part.label.substr(1).starts_with(name)) {
        const std::size_t end = part.text.find_last_not_of("\r\n");
        return end == std::string_view::npos ? std::string_view() : part.text.substr(0, end + 1);
      }
    }
    return {};
  }
};

// "COPY item, line 3, column price: ..." in the CONTEXT, where it is the last line: triggers stand before it.
void ReadCopyContext(std::string_view context, ServerError* error) {
  context = context.substr(context.rfind('\n') + 1);
  constexpr std::string_view kColumn = ", column ";
  if (!context.starts_with("COPY ")) return;
  const std::size_t line = context.find_first_of("0123456789", context.find(", "));
  if (line == std::string_view::npos) return;
  const char* const end = context.data() + context.size();
  const auto parsed = std::from_chars(context.data() + line, end, error->row);
  const std::string_view rest(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  if (!error->column.empty() || !rest.starts_with(kColumn)) return;
  error->column = std::string(rest.substr(kColumn.size(), rest.find(": ") - kColumn.size()));
}

bool ShowsRow(std::string_view sqlstate) { return sqlstate == "23502" || sqlstate == "23514" || sqlstate == "44000"; }

}  // namespace

std::optional<ServerError> ParseServerError(std::string_view text) {
  const std::size_t at = FindState(text);
  if (at == std::string_view::npos) return std::nullopt;
  ServerError error;
  error.sqlstate = std::string(text.substr(at, kStateLength));
  Parts parts;
  error.message = OneLine(parts.Split(text.substr(at + kStateLength + 1)));
  // The name in the source is never translated.
  if (error.sqlstate == "0A000" && parts.Get("LOCATION").starts_with("RevalidateCachedQuery")) {
    error.message = "cached plan must not change result type";
  }
  const std::string detail = ShowsRow(error.sqlstate) ? "" : OneLine(parts.Get("DETAIL"));
  const std::string hint = OneLine(parts.Get("HINT"));
  if (!detail.empty() || !hint.empty()) {
    error.message += " (" + detail + (detail.empty() || hint.empty() ? "" : "; ") + hint + ")";
  }
  error.table = std::string(parts.Get("TABLE NAME"));
  error.column = std::string(parts.Get("COLUMN NAME"));
  error.constraint = std::string(parts.Get("CONSTRAINT NAME"));
  ReadCopyContext(parts.Get("CONTEXT"), &error);
  return error;
}

std::string OneLine(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  bool gap = false;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == '\t' || c == ' ') {
      gap = true;
      continue;
    }
    if (gap && !line.empty()) line += ' ';
    gap = false;
    line += c;
  }
  return line;
}

}  // namespace protogres::db
