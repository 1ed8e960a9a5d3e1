#include "contract/naming.h"

#include <algorithm>
#include <cstdint>

#include "fmt/format.h"

namespace protogres::contract {
namespace {

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWord(char c) { return IsLower(c) || IsUpper(c) || IsDigit(c) || c == '_'; }
char ToLower(char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
char ToUpper(char c) { return IsLower(c) ? static_cast<char>(c - 'a' + 'A') : c; }

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 1;
  bool valid = true;
};

// The first code point of `text`, which is not empty; an invalid byte stands for itself.
CodePoint FirstCodePoint(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {lead, 1, false};
  std::uint32_t value = lead & (0x7Fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return {lead, 1, false};
    value = (value << 6) | (next & 0x3Fu);
  }
  const bool overlong = (bytes == 3 && value < 0x800) || (bytes == 4 && value < 0x10000);
  if (overlong || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return {lead, 1, false};
  return {value, bytes, true};
}

// Appends uXXXX, set off by `_` from what is before it.
void AppendCodePoint(std::uint32_t value, std::string* out) {
  if (!out->empty() && out->back() != '_') out->push_back('_');
  out->append(fmt::format("u{:04X}", value));
}

std::string Spell(std::string_view text, bool ascii_too) {
  std::string out;
  bool after_code_point = false;
  while (!text.empty()) {
    const CodePoint point = FirstCodePoint(text);
    const bool ascii = point.valid && point.value < 0x80;
    if (!ascii || ascii_too) {
      AppendCodePoint(point.value, &out);
      after_code_point = true;
    } else {
      const char c = IsWord(text[0]) ? text[0] : '_';
      if (after_code_point && c != '_') out.push_back('_');
      out.push_back(c);
      after_code_point = false;
    }
    text.remove_prefix(point.bytes);
  }
  return out;
}

bool OnlyUnderscores(std::string_view text) { return text.find_first_not_of('_') == std::string_view::npos; }

// FNV-1a: the same on every machine and in every version.
std::uint32_t Hash(std::string_view text) {
  std::uint32_t hash = 2166136261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

std::string Shorten(std::string folded, std::string_view original) {
  if (folded.size() <= kMaxIdentifier) return folded;
  folded.resize(kMaxIdentifier - 9);
  return folded + fmt::format("_{:08x}", Hash(original));
}

}  // namespace

bool IsIdentifier(std::string_view name) {
  return !name.empty() && name.size() <= kMaxIdentifier && !IsDigit(name[0]) && std::ranges::all_of(name, IsWord);
}

bool IsPackage(std::string_view name) {
  while (true) {
    const std::size_t dot = name.find('.');
    if (!IsIdentifier(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

std::string Fold(std::string_view sql_name) {
  std::string folded = Spell(sql_name, false);
  if (OnlyUnderscores(folded)) folded = Spell(sql_name, true);
  folded.erase(0, folded.find_first_not_of('_'));
  if (folded.empty()) return "x";
  if (IsDigit(folded[0])) folded.insert(0, 1, 'x');
  return Shorten(std::move(folded), sql_name);
}

std::string FieldName(std::string_view sql_name) {
  if (IsIdentifier(sql_name) && !OnlyUnderscores(sql_name)) return std::string(sql_name);
  return Fold(sql_name);
}

std::string LabelName(std::string_view label) {
  if (label.empty()) return "EMPTY";
  std::string folded = Spell(label, false);
  if (OnlyUnderscores(folded)) folded = Spell(label, true);
  folded.erase(0, folded.find_first_not_of('_'));
  return Shorten(Upper(folded), label);
}

std::string Pascal(std::string_view identifier) {
  const bool capitals = identifier.size() > 1 && std::ranges::none_of(identifier, IsLower);
  std::string out;
  bool start = true;
  for (const char c : identifier) {
    if (!IsWord(c) || c == '_') {
      start = true;
      continue;
    }
    out.push_back(start ? ToUpper(c) : capitals ? ToLower(c) : c);
    start = false;
  }
  return out;
}

std::string Snake(std::string_view identifier) {
  std::string out;
  for (std::size_t i = 0; i < identifier.size(); ++i) {
    const char c = identifier[i];
    if (IsUpper(c) && i > 0 && identifier[i - 1] != '_') {
      const bool after_word = !IsUpper(identifier[i - 1]);
      const bool before_word = i + 1 < identifier.size() && IsLower(identifier[i + 1]);
      if (after_word || before_word) out.push_back('_');
    }
    out.push_back(ToLower(c));
  }
  return out;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), ToLower);
  return out;
}

std::string Upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), ToUpper);
  return out;
}

std::string Squash(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c != '_') out.push_back(ToLower(c));
  }
  return out;
}

std::string SquashLabel(std::string_view name) {
  std::string out;
  bool start = true;
  for (const char c : name) {
    if (c != '_') out.push_back(start ? ToUpper(c) : ToLower(c));
    start = c == '_';
  }
  return out;
}

std::string QuoteName(std::string_view sql_name) {
  std::string out = "\"";
  for (const char c : sql_name) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

std::string QuoteName(std::string_view schema, std::string_view sql_name) {
  return QuoteName(schema) + "." + QuoteName(sql_name);
}

std::string Printable(std::string_view text) {
  if (std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; })) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const CodePoint point = FirstCodePoint(text);
    if (!point.valid || point.value < 0x20 || point.value == 0x7F) {
      out += fmt::format("\\x{:02x}", point.value);
    } else {
      out.append(text.substr(0, point.bytes));
    }
    text.remove_prefix(point.bytes);
  }
  return out;
}

}  // namespace protogres::contract
