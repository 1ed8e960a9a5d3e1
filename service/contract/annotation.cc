#include "contract/annotation.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "contract/contract.h"
#include "contract/naming.h"
#include "fmt/format.h"
#include "text/excerpt.h"

namespace protogres::contract {
namespace {

constexpr std::string_view kMark = "@protogres";
constexpr std::string_view kBlank = " \t\r\f\v";

struct Setting {
  std::string name;
  bool has_value = false;
  std::vector<std::string> values;
};

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// Takes one value off `rest`: "quoted" with "" for a quote, or all up to a blank or comma.
std::string TakeValue(std::string_view* rest) {
  std::string value;
  if (!rest->starts_with('"')) {
    const std::size_t end = std::min(rest->find_first_of(" \t\r\f\v,"), rest->size());
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

// Takes one setting off `rest`, which begins with it: name, name=value or name=value, value.
Setting TakeSetting(std::string_view* rest) {
  Setting setting;
  const std::size_t end = std::min(rest->find_first_of(" \t\r\f\v="), rest->size());
  setting.name = rest->substr(0, end);
  rest->remove_prefix(end);
  if (!rest->starts_with('=')) return setting;
  setting.has_value = true;
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
      return {"name", "omit", "soft_delete"};
    case Commented::kView:
      return {"name", "omit", "soft_delete", "key"};
    case Commented::kMaterializedView:
      return {"name", "omit", "key"};
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

void Apply(const Setting& setting, Commented on, Annotations* result) {
  const std::vector<std::string_view> known = Known(on);
  const auto problem = [&](const std::string& what) {
    result->problems.push_back(fmt::format("@protogres {}: {}", text::Escaped(setting.name), what));
  };
  if (std::ranges::find(known, setting.name) == known.end()) {
    problem(fmt::format("there is no such setting here; there are: {}", fmt::join(known, ", ")));
    return;
  }
  if (setting.name == "omit") {
    if (setting.has_value) {
      problem("it takes no value");
    } else {
      result->omit = true;
    }
    return;
  }
  const bool whole = !setting.values.empty() && std::ranges::none_of(setting.values, &std::string::empty);
  if (!whole || (setting.values.size() > 1 && setting.name != "key")) {
    problem(setting.name == "key" ? "it takes column names: key=a,b"
                                  : fmt::format("it takes one value: {}=...", setting.name));
    return;
  }
  const std::string& value = setting.values.front();
  if (setting.name == "name" || setting.name == "reverse_name") {
    const bool of_field = on == Commented::kColumn || on == Commented::kAttribute || on == Commented::kForeignKey;
    if (IsName(value, of_field)) {
      (setting.name == "name" ? result->name : result->reverse_name) = value;
    } else {
      problem(fmt::format("\"{}\" is no protobuf name: a letter, then letters, digits and _", text::Escaped(value)));
    }
  } else if (setting.name == "number" || setting.name == "reverse_number") {
    const std::optional<int> number = RelationNumber(value);
    if (!number.has_value()) {
      problem(fmt::format("\"{}\" is no number from {} to {}", text::Escaped(value), number::kRelationFirst,
                          number::kRelationLast));
    }
    (setting.name == "number" ? result->number : result->reverse_number) = number;
  } else if (setting.name == "soft_delete") {
    result->soft_delete = value;
  } else if (setting.name == "key") {
    result->key = setting.values;
  } else if (value == "string") {
    result->as_text = true;
  } else {
    problem(fmt::format("\"{}\" is not supported; the one type is: string", text::Escaped(value)));
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
    for (rest = Trim(rest.substr(kMark.size())); !rest.empty(); rest = Trim(rest)) {
      Apply(TakeSetting(&rest), on, &result);
      if (rest.starts_with(',')) rest.remove_prefix(1);
    }
  }
  result.text.erase(result.text.find_last_not_of(" \t\r\f\v\n") + 1);
  result.text.erase(0, std::min(result.text.find_first_not_of("\r\n"), result.text.size()));
  return result;
}

}  // namespace protogres::contract
