#include "contract/naming.h"

#include <algorithm>
#include <cstdint>

#include "fmt/format.h"
#include "text/ascii.h"
#include "text/hash.h"
#include "text/utf8.h"

namespace protogres::contract {
namespace {

using text::IsDigit;
using text::IsLower;
using text::IsUpper;
using text::ToLower;
using text::ToUpper;
using text::Upper;

bool IsWord(char c) { return IsLower(c) || IsUpper(c) || IsDigit(c) || c == '_'; }

// Appends uXXXX, set off by `_` from what is before it.
void AppendCodePoint(std::uint32_t value, std::string* out) {
  if (!out->empty() && out->back() != '_') out->push_back('_');
  out->append(fmt::format("u{:04X}", value));
}

std::string Spell(std::string_view text, bool ascii_too) {
  std::string out;
  bool after_code_point = false;
  while (!text.empty()) {
    const text::Character character = text::FirstCharacter(text);
    const bool ascii = character.valid && character.code_point < 0x80;
    if (!ascii || ascii_too) {
      AppendCodePoint(character.code_point, &out);
      after_code_point = true;
    } else {
      const char c = IsWord(text[0]) ? text[0] : '_';
      if (after_code_point && c != '_') out.push_back('_');
      out.push_back(c);
      after_code_point = false;
    }
    text.remove_prefix(character.size);
  }
  return out;
}

bool OnlyUnderscores(std::string_view text) { return text.find_first_not_of('_') == std::string_view::npos; }

std::string Shorten(std::string folded, std::string_view original) {
  if (folded.size() <= kMaxIdentifier) return folded;
  folded.resize(kMaxIdentifier - 9);
  return folded + fmt::format("_{:08x}", text::Hash<std::uint32_t>().Add(original).value());
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

}  // namespace protogres::contract
