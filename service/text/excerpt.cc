#include "text/excerpt.h"

#include <algorithm>

#include "fmt/format.h"
#include "text/ascii.h"
#include "text/utf8.h"

namespace protogres::text {
namespace {

bool IsPrintable(char c) { return static_cast<unsigned char>(c) < 0x80 && !IsControl(c); }

// The first character of `text` as it is shown, which is taken away.
std::string TakeShown(std::string_view more, std::string_view* text) {
  const std::size_t size = std::max<std::size_t>(1, CharacterSize(*text));
  const std::string_view character = text->substr(0, size);
  text->remove_prefix(size);
  const char first = character.front();
  const bool plain = size > 1 || (IsPrintable(first) && more.find(first) == std::string_view::npos);
  return plain ? std::string(character) : fmt::format("\\x{:02x}", static_cast<unsigned char>(first));
}

}  // namespace

std::string Escaped(std::string_view text, std::string_view more) {
  if (more.empty() && std::ranges::all_of(text, IsPrintable)) return std::string(text);
  std::string out;
  while (!text.empty()) out += TakeShown(more, &text);
  return out;
}

std::string Excerpt(std::string_view text, char quote, std::size_t limit) {
  std::string out(1, quote);
  while (!text.empty()) {
    const std::string shown = TakeShown("", &text);
    if (out.size() - 1 + shown.size() > limit) {
      out += "...";
      break;
    }
    out += shown;
  }
  return out += quote;
}

std::string Shortened(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  while (limit > 0 && !BeginsCharacter(text[limit])) --limit;
  return std::string(text.substr(0, limit)) + "...";
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

std::string WithoutControls(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(line, IsControl, ' ');
  return line;
}

}  // namespace protogres::text
