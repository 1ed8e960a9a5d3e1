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

}  // namespace

using contract::Field;
using contract::Kind;
using contract::Type;

absl::StatusOr<Target> FilterScope::Resolve(const std::vector<Name>& path) const {
  const std::vector<Field>* fields = &table_.fields;
  Target target;
  for (const Name& name : path) {
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
      return Error(name.offset,
                   fmt::format("unknown field {}{}", text::Excerpt(name.text), SuggestField(name.text, *fields)));
    }
    if (!field->readable) return Error(name.offset, InputOnly(name.text));
    target.sql =
        target.type == nullptr ? Column(*field) : fmt::format("({}).{}", target.sql, text::QuoteName(field->column));
    target.name += (target.name.empty() ? "" : ".") + name.text;
    target.type = &field->type;
  }
  return target;
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
  return fmt::format("${}", first_param_ + static_cast<int>(params_.size()) - 1);
}

absl::Status FilterScope::Error(std::size_t offset, const std::string& what) const {
  return FilterError(filter_, offset, what);
}

}  // namespace protogres::sql
