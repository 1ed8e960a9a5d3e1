#include "sql/filter_scope.h"

#include <algorithm>

#include "fmt/format.h"
#include "sql/clause.h"
#include "sql/literal.h"
#include "sql/suggest.h"
#include "status/macros.h"
#include "text/excerpt.h"
#include "text/quote.h"

namespace protogres::sql {
namespace {

constexpr std::size_t kMaxParamBytes = 1024 * 1024;

// That of the row behind so many relations. Those of other paths are elsewhere in the statement.
std::string FilterAlias(std::size_t hops) { return hops == 0 ? "t" : fmt::format("t{}", hops); }

}  // namespace

using contract::Field;
using contract::Kind;
using contract::Type;

absl::StatusOr<const contract::Table*> FilterScope::TakeHops(const std::vector<Name>& path, Target* target) {
  const contract::Table* table = &table_;
  for (const Name& name : path) {
    const std::optional<Hop> hop = FindHop(contract_, *table, name.text);
    if (!hop.has_value()) break;
    target->hops.push_back(*hop);
    target->name += (target->name.empty() ? "" : ".") + name.text;
    if (static_cast<int>(target->hops.size()) > options_.max_depth) {
      return Error(name.offset,
                   fmt::format("the path goes through more than {} relations (--max_depth)", options_.max_depth));
    }
    if (++hops_ > kMostHops) {
      return Error(name.offset, fmt::format("the paths go through more than {} relations in all", kMostHops));
    }
    table = hop->target;
  }
  return table;
}

absl::StatusOr<Target> FilterScope::Resolve(const std::vector<Name>& path) {
  Target target;
  ASSIGN_OR_RETURN(const contract::Table* const table, TakeHops(path, &target));
  const std::vector<Field>* fields = &table->fields;
  const std::string alias = FilterAlias(target.hops.size());
  for (std::size_t i = target.hops.size(); i < path.size(); ++i) {
    const Name& name = path[i];
    if (target.type != nullptr && target.type->kind == Kind::kJson && !target.type->repeated) {
      target.json.push_back(name.text);
      target.name += "." + name.text;
      continue;
    }
    if (target.type != nullptr) {
      if (target.type->repeated) {
        return Error(name.offset,
                     fmt::format("{} is repeated: its elements' members cannot be compared (= null, != null "
                                 "and :* tell whether there are elements)",
                                 text::Excerpt(target.name)));
      }
      if (target.type->kind != Kind::kMessage) {
        return Error(name.offset,
                     fmt::format("{} has no members, found {}", text::Excerpt(target.name), text::Excerpt(name.text)));
      }
      fields = &contract_.composites[static_cast<std::size_t>(target.type->index)].fields;
    }
    const auto field = std::ranges::find(*fields, name.text, &Field::name);
    if (field == fields->end()) {
      const std::string near = target.type == nullptr ? SuggestField(name.text, *fields, table->relations)
                                                      : SuggestField(name.text, *fields);
      return Error(name.offset, fmt::format("unknown field {}{}", text::Excerpt(name.text), near));
    }
    if (!field->readable) return Error(name.offset, InputOnly(name.text));
    target.sql = target.type == nullptr ? Column(*field, alias)
                                        : fmt::format("({}).{}", target.sql, text::QuoteName(field->column));
    target.name += (target.name.empty() ? "" : ".") + name.text;
    target.type = &field->type;
  }
  return target;
}

std::string FilterScope::Exists(const Target& target, const std::string& condition) const {
  std::string text;
  for (std::size_t i = 0; i < target.hops.size(); ++i) {
    const Hop& hop = target.hops[i];
    const std::string alias = FilterAlias(i + 1);
    text += fmt::format("{}EXISTS (SELECT FROM {} AS {} WHERE {}", i == 0 ? "" : " AND ", hop.target->sql_name, alias,
                        Belongs(hop, FilterAlias(i), alias, options_.show_deleted));
  }
  if (!condition.empty()) text += " AND " + condition;
  return text.append(target.hops.size(), ')');
}

absl::StatusOr<std::string> FilterScope::Text(const Target& target, const Literal& literal) const {
  absl::StatusOr<std::string> text = LiteralText(contract_, *target.type, literal);
  if (!text.ok()) {
    return Error(literal.offset, fmt::format("{}: {}", target.name, std::string(text.status().message())));
  }
  return text;
}

absl::StatusOr<std::string> FilterScope::Operand(const Target& target, const Literal& literal) {
  ASSIGN_OR_RETURN(std::string text, Text(target, literal));
  const Type& type = *target.type;
  const std::string cast = type.kind == Kind::kEnum ? "::" + EnumOf(type).sql_type : OperandCast(type);
  std::string operand = Bind(std::move(text)) + cast;
  return operand;
}

bool FilterScope::TakesArray(const Target& target) const {
  return target.type->kind == Kind::kEnum || HasArrayCast(*target.type);
}

absl::StatusOr<std::string> FilterScope::ArrayOperand(const Target& target, const std::vector<Literal>& literals) {
  std::vector<std::string> texts;
  texts.reserve(literals.size());
  for (const Literal& literal : literals) {
    ASSIGN_OR_RETURN(std::string text, Text(target, literal));
    texts.push_back(std::move(text));
  }
  const Type& type = *target.type;
  const std::string cast =
      type.kind == Kind::kEnum ? fmt::format("::{}[]", EnumOf(type).sql_type) : ArrayOperandCast(type);
  std::string operand = Bind(ArrayText({texts.begin(), texts.end()})) + cast;
  return operand;
}

FilterScope::JsonValue FilterScope::Json(const Target& target) {
  JsonValue json;
  json.value = target.type->jsonb ? target.sql : target.sql + "::jsonb";
  if (target.json.empty()) return json;
  const std::string path = Bind(ArrayText(target.json)) + "::text[]";
  json.text = fmt::format("({} #>> {})", json.value, path);
  json.value = fmt::format("({} #> {})", json.value, path);
  return json;
}

const contract::Enum& FilterScope::EnumOf(const Type& type) const {
  return contract_.enums[static_cast<std::size_t>(type.index)];
}

absl::Status FilterScope::CheckSize(std::size_t offset) const {
  if (bytes_ <= kMaxParamBytes) return absl::OkStatus();
  return Error(offset,
               fmt::format("the values of the list, each with its path, are more than {} bytes", kMaxParamBytes));
}

std::string FilterScope::Bind(std::string value) {
  bytes_ += value.size();
  params_.emplace_back(std::move(value));
  return fmt::format("${}", options_.first_param + static_cast<int>(params_.size()) - 1);
}

absl::Status FilterScope::Error(std::size_t offset, const std::string& what) const {
  return FilterError(filter_, offset, what);
}

}  // namespace protogres::sql
