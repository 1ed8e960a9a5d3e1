#include "db/message.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "text/excerpt.h"

namespace protogres::db {
namespace {

constexpr std::size_t kStateLength = 5;
constexpr std::string_view kSeparator = ":  ";

bool IsState(std::string_view text) {
  return text.size() == kStateLength &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

// The position of the SQLSTATE in "FATAL:  28P01: message".
std::size_t FindState(std::string_view text) {
  for (std::size_t at = text.find(kSeparator); at != std::string_view::npos; at = text.find(kSeparator, at + 1)) {
    const std::size_t state = at + kSeparator.size();
    const std::size_t end = state + kStateLength;
    if (end < text.size() && text[end] == ':' && IsState(text.substr(state, kStateLength))) return state;
  }
  return std::string_view::npos;
}

// "COPY item, line 3, column price: ..." in the CONTEXT, where it is the last line: triggers stand before it.
void ReadCopyContext(std::string_view context, status::ServerError* error) {
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

}  // namespace

status::ServerError FromFields(const ErrorFields& fields) {
  status::ServerError error;
  error.sqlstate = std::string(fields.sqlstate);
  error.message = text::OneLine(fields.message);
  error.function = std::string(fields.function);
  const std::string detail = status::DetailTellsMore(error) ? "" : text::OneLine(fields.detail);
  const std::string hint = text::OneLine(fields.hint);
  if (!detail.empty() || !hint.empty()) {
    error.message += " (" + detail + (detail.empty() || hint.empty() ? "" : "; ") + hint + ")";
  }
  // PL/pgSQL's RAISE, whose author has chosen the words for callers.
  if (error.function == "exec_stmt_raise") {
    error.detail = detail;
    error.hint = hint;
  }
  error.table = std::string(fields.table);
  error.column = std::string(fields.column);
  error.constraint = std::string(fields.constraint);
  error.position = std::string(fields.position);
  error.in_code = !fields.internal_query.empty();
  // The CONTEXT's last line is "remote SQL command: COMMIT TRANSACTION", of which only the words before are translated.
  error.in_commit_elsewhere = fields.context.ends_with("COMMIT TRANSACTION");
  ReadCopyContext(fields.context, &error);
  return error;
}

std::optional<status::ServerError> ParseRefusal(std::string_view text) {
  const std::size_t at = FindState(text);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view state = text.substr(at, kStateLength);
  text = text.substr(at + kStateLength + 1);
  for (const char* part : {"\nDETAIL:  ", "\nHINT:  ", "\nLOCATION:  "}) text = text.substr(0, text.find(part));
  return status::ServerError{std::string(state), text::OneLine(text), "", "", ""};
}

}  // namespace protogres::db
