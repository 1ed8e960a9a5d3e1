#include "contract/annotation.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

#include "contract/contract.h"
#include "contract/naming.h"
#include "fmt/format.h"
#include "text/excerpt.h"

namespace protogres::contract {
namespace {

constexpr std::string_view kMark = "@protogres";
constexpr std::string_view kBlank = " \t\r\f\v";
constexpr std::string_view kReferences = "references";

struct Setting {
  std::string name;
  bool has_value = false;
  std::vector<std::string> values;
  std::optional<Referenced> referenced;  // of references=; no value: it is malformed
};

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// Takes one value off `rest`: "quoted" with "" for a quote, or all up to one of `ends`.
std::string TakeValue(std::string_view* rest, const char* ends = " \t\r\f\v,") {
  std::string value;
  if (!rest->starts_with('"')) {
    const std::size_t end = std::min(rest->find_first_of(ends), rest->size());
    value = rest->substr(0, end);
    rest->remove_prefix(end);
    return value;
  }
  rest->remove_prefix(1);
  while (!rest->empty()) {
    const char c = rest->front();
    rest->remove_prefix(1);
    if (c == '"') {
      if (!rest->starts_with('"')) break;
      rest->remove_prefix(1);
    }
    value.push_back(c);
  }
  return value;
}

// Takes the character off `rest`, and the blanks around it. False: another one is there.
bool TakeCharacter(char c, std::string_view* rest) {
  const std::size_t begin = rest->find_first_not_of(kBlank);
  if (begin == std::string_view::npos || (*rest)[begin] != c) return false;
  rest->remove_prefix(begin + 1);
  rest->remove_prefix(std::min(rest->find_first_not_of(kBlank), rest->size()));
  return true;
}

// Takes customer, shop.customer or shop.customer(id, "b") off `rest`. nullopt: it is none of these.
std::optional<Referenced> TakeReferenced(std::string_view* rest) {
  constexpr const char* kEnds = " \t\r\f\v,.()\"";
  Referenced referenced;
  referenced.relation = TakeValue(rest, kEnds);
  if (TakeCharacter('.', rest)) {
    referenced.schema = std::move(referenced.relation);
    referenced.relation = TakeValue(rest, kEnds);
    if (referenced.schema.empty()) return std::nullopt;
  }
  if (referenced.relation.empty()) return std::nullopt;
  if (!TakeCharacter('(', rest)) return referenced;
  do {
    referenced.columns.push_back(TakeValue(rest, kEnds));
    if (referenced.columns.back().empty()) return std::nullopt;
  } while (TakeCharacter(',', rest));
  if (!TakeCharacter(')', rest)) return std::nullopt;
  return referenced;
}

// Takes one setting off `rest`, which begins with it: name, name=value or name=value, value.
Setting TakeSetting(std::string_view* rest) {
  Setting setting;
  const std::size_t end = std::min(rest->find_first_of(" \t\r\f\v="), rest->size());
  setting.name = rest->substr(0, end);
  rest->remove_prefix(end);
  if (!rest->starts_with('=')) return setting;
  setting.has_value = true;
  if (setting.name == kReferences) {
    rest->remove_prefix(1);
    *rest = Trim(*rest);
    setting.referenced = TakeReferenced(rest);
    // Where one does not know how it goes on, nothing more is read.
    if (!setting.referenced.has_value()) *rest = {};
    return setting;
  }
  do {
    rest->remove_prefix(1);
    *rest = rest->substr(std::min(rest->find_first_not_of(kBlank), rest->size()));
    setting.values.push_back(TakeValue(rest));
    // A comma may stand apart from its value.
    const std::size_t next = rest->find_first_not_of(kBlank);
    if (next != std::string_view::npos && (*rest)[next] == ',') rest->remove_prefix(next);
  } while (rest->starts_with(','));
  return setting;
}

std::vector<std::string_view> Known(Commented on) {
  switch (on) {
    case Commented::kTable:
      return {"name", "omit", "soft_delete", "references"};
    case Commented::kView:
      return {"name", "omit", "soft_delete", "key", "references"};
    case Commented::kMaterializedView:
      return {"name", "omit", "key", "references"};
    case Commented::kColumn:
      return {"name", "omit", "type"};
    case Commented::kType:
      return {"name"};
    case Commented::kAttribute:
      return {"name", "type"};
    case Commented::kForeignKey:
      return {"name", "reverse_name", "omit", "number", "reverse_number"};
    case Commented::kFunction:
      return {"name", "omit", "number"};
    case Commented::kReference:
      return {"references", "column", "name", "reverse_name", "number", "reverse_number"};
  }
  return {};
}

// True for a word that a field may have as its name, or a message.
bool IsName(std::string_view value, bool of_field) {
  return IsIdentifier(value) && value.find_first_not_of('_') != std::string::npos && (of_field || value[0] != '_');
}

// No value: it is no number that a relation may have.
std::optional<int> RelationNumber(std::string_view value) {
  int number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  if (number < number::kRelationFirst || number > number::kRelationLast) return std::nullopt;
  return number;
}

std::string Problem(std::string_view setting, const std::string& what) {
  return fmt::format("@protogres {}: {}", text::Escaped(setting), what);
}

// Sets what a value that is a name or a number says. What is wrong with it; empty: nothing.
std::string ApplyValue(const std::string& setting, const std::string& value, Commented on, Annotations* result) {
  if (setting == "name" || setting == "reverse_name") {
    const bool of_field = on == Commented::kColumn || on == Commented::kAttribute || on == Commented::kForeignKey ||
                          on == Commented::kReference;
    if (!IsName(value, of_field)) {
      return fmt::format("\"{}\" is no protobuf name: a letter, then letters, digits and _", text::Escaped(value));
    }
    (setting == "name" ? result->name : result->reverse_name) = value;
  } else if (setting == "number" || setting == "reverse_number") {
    const std::optional<int> number = RelationNumber(value);
    if (!number.has_value()) {
      return fmt::format("\"{}\" is no number from {} to {}", text::Escaped(value), number::kRelationFirst,
                         number::kRelationLast);
    }
    (setting == "number" ? result->number : result->reverse_number) = number;
  } else if (setting == "soft_delete") {
    result->soft_delete = value;
  } else if (value == "string") {
    result->as_text = true;
  } else {
    return fmt::format("\"{}\" is not supported; the one type is: string", text::Escaped(value));
  }
  return "";
}

// The same of any setting.
std::string ApplySetting(const Setting& setting, Commented on, Annotations* result) {
  const std::vector<std::string_view> known = Known(on);
  if (std::ranges::find(known, setting.name) == known.end()) {
    return fmt::format("there is no such setting here; there are: {}", fmt::join(known, ", "));
  }
  if (setting.name == "omit") {
    if (setting.has_value) return "it takes no value";
    result->omit = true;
    return "";
  }
  if (setting.name == kReferences) {
    if (!setting.referenced.has_value()) return "it takes a table and its columns: references=shop.customer(id)";
    if (result->references.has_value()) return "it stands twice in its line: give each reference a line of its own";
    result->references = setting.referenced;
    return "";
  }
  const bool list = setting.name == "key" || setting.name == "column";
  const bool whole = !setting.values.empty() && std::ranges::none_of(setting.values, &std::string::empty);
  if (!whole || (setting.values.size() > 1 && !list)) {
    return list ? fmt::format("it takes column names: {}=a,b", setting.name)
                : fmt::format("it takes one value: {}=...", setting.name);
  }
  if (!list) return ApplyValue(setting.name, setting.values.front(), on, result);
  (setting.name == "key" ? result->key : result->columns) = setting.values;
  return "";
}

void Apply(const Setting& setting, Commented on, Annotations* result) {
  const std::string problem = ApplySetting(setting, on, result);
  if (!problem.empty()) result->problems.push_back(Problem(setting.name, problem));
}

// A line that has references=. Where something of it is wrong, all of it is left out.
void ApplyReference(const std::vector<Setting>& settings, Annotations* result) {
  Annotations reference;
  for (const Setting& setting : settings) Apply(setting, Commented::kReference, &reference);
  if (reference.problems.empty() && reference.columns.empty()) {
    reference.problems.push_back(
        Problem(kReferences, "the line must say which columns refer to it: column=customer_id"));
  }
  result->problems.insert(result->problems.end(), reference.problems.begin(), reference.problems.end());
  if (reference.problems.empty()) result->relations.push_back(std::move(reference));
}

// What stands in a line after @protogres.
void ApplyLine(std::string_view rest, Commented on, Annotations* result) {
  std::vector<Setting> settings;
  for (rest = Trim(rest); !rest.empty(); rest = Trim(rest)) {
    settings.push_back(TakeSetting(&rest));
    if (rest.starts_with(',')) rest.remove_prefix(1);
  }
  const bool refers = std::ranges::find(settings, kReferences, &Setting::name) != settings.end();
  const bool of_relation = on == Commented::kTable || on == Commented::kView || on == Commented::kMaterializedView;
  if (refers && of_relation) {
    ApplyReference(settings, result);
  } else {
    for (const Setting& setting : settings) Apply(setting, on, result);
  }
}

}  // namespace

Annotations ReadComment(std::string_view comment, Commented on) {
  Annotations result;
  while (!comment.empty()) {
    const std::size_t end = std::min(comment.find('\n'), comment.size());
    std::string_view line = comment.substr(0, end);
    comment.remove_prefix(std::min(end + 1, comment.size()));
    std::string_view rest = Trim(line);
    const bool marked = rest.starts_with(kMark) &&
                        (rest.size() == kMark.size() || kBlank.find(rest[kMark.size()]) != std::string_view::npos);
    if (!marked) {
      result.text.append(line).push_back('\n');
      continue;
    }
    ApplyLine(rest.substr(kMark.size()), on, &result);
  }
  result.text.erase(result.text.find_last_not_of(" \t\r\f\v\n") + 1);
  result.text.erase(0, std::min(result.text.find_first_not_of("\r\n"), result.text.size()));
  return result;
}

}  // namespace protogres::contract
