#include "sql/restriction.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "sql/clause.h"
#include "sql/literal.h"
#include "sql/suggest.h"
#include "status/macros.h"
#include "text/excerpt.h"
#include "text/quote.h"
#include "text/value.h"

namespace protogres::sql {
namespace {

using contract::Field;
using contract::Kind;
using contract::Type;

std::string_view SqlSpelling(Comparator comparator) {
  switch (comparator) {
    case Comparator::kNotEqual:
      return "<>";
    case Comparator::kHas:
      return "=";
    default:
      return Spelling(comparator);
  }
}

bool IsOrder(Comparator comparator) {
  return comparator != Comparator::kEqual && comparator != Comparator::kNotEqual && comparator != Comparator::kHas;
}

// `field:*`
bool AsksPresence(const Restriction& restriction) {
  return restriction.comparator == Comparator::kHas && restriction.literal.Is("*");
}

bool IsNull(const Restriction& restriction) { return restriction.literal.Is("null"); }

// What is not there has nothing in it; said so, rather than by coalesce(), an index still serves.
std::string Has(const std::string& sql, const std::string& what) {
  return fmt::format("({0} IS NOT NULL AND {0} {1})", sql, what);
}

// A textual column as the left side of LIKE, without the blanks that char(n) is filled up with.
std::string Likeable(const std::string& sql, const Type& type) {
  return type.element_sql_type == R"("pg_catalog"."bpchar")" ? sql + "::text" : sql;
}

}  // namespace

absl::StatusOr<std::string> RestrictionCompiler::Compile(const Restriction& restriction) {
  ASSIGN_OR_RETURN(const Target target, Resolve(restriction));
  const Type& type = *target.type;
  if (IsNull(restriction) && restriction.comparator != Comparator::kEqual &&
      restriction.comparator != Comparator::kNotEqual) {
    return Error(restriction.comparator_offset,
                 fmt::format("expected = or != before null, found \"{}\" (for the text, write \"null\" in quotes)",
                             Spelling(restriction.comparator)));
  }
  if (IsNull(restriction) && target.json.empty()) {
    return Presence(target.sql, type, restriction.comparator == Comparator::kNotEqual);
  }
  if (type.repeated) return CompileRepeated(target, restriction);
  if (AsksPresence(restriction) && target.json.empty()) return Presence(target.sql, type, true);
  if (type.kind == Kind::kMessage) return CompileMessage(target, restriction);
  if (type.kind == Kind::kJson) return CompileJson(target, restriction);
  return CompileScalar(target, restriction);
}

absl::StatusOr<RestrictionCompiler::Target> RestrictionCompiler::Resolve(const Restriction& restriction) const {
  const std::vector<Field>* fields = &table_.fields;
  Target target;
  for (const Name& name : restriction.path) {
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

absl::StatusOr<std::string> RestrictionCompiler::CompileScalar(const Target& target, const Restriction& restriction) {
  const Type& type = *target.type;
  const Comparator comparator = restriction.comparator;
  if (type.textual && !IsOrder(comparator) && !restriction.literal.stars.empty()) {
    return fmt::format("{} {} {}::text", Likeable(target.sql, type),
                       Operator(type, comparator == Comparator::kNotEqual ? "NOT LIKE" : "LIKE"),
                       Bind(LikePattern(restriction.literal)));
  }
  // A domain over an enum has no operators, the enum itself has.
  if (type.kind == Kind::kEnum && !type.comparable) {
    ASSIGN_OR_RETURN(const std::string operand, Operand(target, restriction.literal));
    return fmt::format("{}::{} {} {}", target.sql, EnumOf(type).sql_type, SqlSpelling(comparator), operand);
  }
  if (!type.comparable) {
    return Error(restriction.comparator_offset,
                 fmt::format("{0} is of a type without equality ({1}): only {0} = null and {0} != null can be asked",
                             target.name, type.sql_type));
  }
  if (IsOrder(comparator) && !type.orderable) {
    return Error(restriction.comparator_offset,
                 fmt::format("{} is of a type without an order ({}): expected = or !=, found \"{}\"", target.name,
                             type.sql_type, Spelling(comparator)));
  }
  ASSIGN_OR_RETURN(const std::string operand, Operand(target, restriction.literal));
  return fmt::format("{} {} {}", target.sql, Operator(type, SqlSpelling(comparator)), operand);
}

absl::StatusOr<std::string> RestrictionCompiler::CompileRepeated(const Target& target, const Restriction& restriction) {
  const Type& type = *target.type;
  if (AsksPresence(restriction)) return fmt::format("coalesce(cardinality({}), 0) > 0", target.sql);
  if (restriction.comparator != Comparator::kHas) {
    return Error(restriction.comparator_offset,
                 fmt::format("{} is repeated: expected \":\" (it has the element), found \"{}\"",
                             text::Excerpt(target.name), Spelling(restriction.comparator)));
  }
  if (!type.comparable || type.kind == Kind::kMessage || type.kind == Kind::kJson) {
    return Error(
        restriction.comparator_offset,
        fmt::format("the elements of {0} cannot be compared ({1}): only {0}:*, {0} = null and {0} != null can be asked",
                    target.name, type.sql_type));
  }
  if (type.textual && !restriction.literal.stars.empty()) {
    return fmt::format("EXISTS (SELECT FROM unnest({}) AS e WHERE {} {} {}::text)", target.sql, Likeable("e", type),
                       Operator(type, "LIKE"), Bind(LikePattern(restriction.literal)));
  }
  ASSIGN_OR_RETURN(const std::string operand, Operand(target, restriction.literal));
  // @> can use a GIN index, but wants exactly the column's type. intarray has one for integers that fails on a NULL.
  if (BuiltIn(type) && operand.ends_with(type.element_sql_type)) {
    return Has(target.sql, fmt::format("OPERATOR(pg_catalog.@>) ARRAY[{}]", operand));
  }
  return fmt::format("coalesce({} {} ANY({}), FALSE)", operand, Operator(type, "="), target.sql);
}

absl::StatusOr<std::string> RestrictionCompiler::CompileMessage(const Target& target, const Restriction& restriction) {
  const std::vector<Field>& fields = contract_.composites[static_cast<std::size_t>(target.type->index)].fields;
  if (restriction.comparator != Comparator::kHas) {
    const std::string example = fields.empty() ? "member" : fields.front().name;
    return Error(restriction.comparator_offset,
                 fmt::format("{0} is a message: compare one of its fields ({0}.{1})", target.name, example));
  }
  const auto field = std::ranges::find(fields, restriction.literal.text, &Field::name);
  if (field == fields.end()) {
    return Error(restriction.literal.offset, fmt::format("unknown field {}{}", text::Excerpt(restriction.literal.text),
                                                         SuggestField(restriction.literal.text, fields)));
  }
  return Presence(fmt::format("({}).{}", target.sql, text::QuoteName(field->column)), field->type, true);
}

absl::StatusOr<std::string> RestrictionCompiler::CompileJson(const Target& target, const Restriction& restriction) {
  const Literal& literal = restriction.literal;
  const Comparator comparator = restriction.comparator;
  std::string value = target.type->jsonb ? target.sql : target.sql + "::jsonb";
  std::string text;
  if (!target.json.empty()) {
    const std::string path = Bind(ArrayText(target.json)) + "::text[]";
    text = fmt::format("({} #>> {})", value, path);
    value = fmt::format("({} #> {})", value, path);
    // #>> gives NULL for a JSON null too.
    if (IsNull(restriction)) return Presence(text, *target.type, comparator == Comparator::kNotEqual);
    if (AsksPresence(restriction)) return Presence(text, *target.type, true);
  } else if (comparator != Comparator::kHas) {
    return Error(restriction.comparator_offset,
                 fmt::format("{0} is a JSON value: compare one of its members ({0}.member), or ask for a key ({0}:key)",
                             target.name));
  }
  const bool number = !literal.quoted && text::IsDecimal(literal.text);
  const bool boolean = literal.Is("true") || literal.Is("false");
  if (comparator == Comparator::kHas) {
    if (!literal.stars.empty()) {
      return Error(literal.offset,
                   fmt::format("wildcards in a JSON value are for = and !=, found {} after \":\" (for a "
                               "star itself, write \\* in quotes)",
                               text::Excerpt(literal.text)));
    }
    // An array has the element, a scalar is it; for a text, also: an object has the key.
    if (number) return Has(value, fmt::format("@> to_jsonb({}::numeric)", Bind(literal.text)));
    if (boolean) return Has(value, fmt::format("@> to_jsonb({}::boolean)", Bind(literal.text)));
    return Has(value, fmt::format("? {}::text", Bind(literal.text)));
  }
  if (number) return CompileJsonNumber(value, text, restriction);
  if (boolean) {
    if (IsOrder(comparator)) {
      return Error(restriction.comparator_offset,
                   fmt::format("expected = or != before {}, found \"{}\"", literal.text, Spelling(comparator)));
    }
    return fmt::format("NULLIF({}, 'null') {} to_jsonb({}::boolean)", value, SqlSpelling(comparator),
                       Bind(literal.text));
  }
  if (!literal.stars.empty() && !IsOrder(comparator)) {
    return fmt::format("{} {} {}::text", text, comparator == Comparator::kNotEqual ? "NOT LIKE" : "LIKE",
                       Bind(LikePattern(literal)));
  }
  return fmt::format("{} {} {}::text", text, SqlSpelling(comparator), Bind(literal.text));
}

std::string RestrictionCompiler::CompileJsonNumber(const std::string& value, const std::string& text,
                                                   const Restriction& restriction) {
  const std::string number = Bind(restriction.literal.text) + "::numeric";
  const std::string_view op = SqlSpelling(restriction.comparator);
  if (!IsOrder(restriction.comparator)) return fmt::format("NULLIF({}, 'null') {} to_jsonb({})", value, op, number);
  // CASE keeps the cast from the values that are no numbers: they are neither less nor greater.
  return fmt::format("CASE WHEN jsonb_typeof({}) = 'number' THEN {}::numeric {} {} END", value, text, op, number);
}

absl::StatusOr<std::string> RestrictionCompiler::Operand(const Target& target, const Literal& literal) {
  absl::StatusOr<std::string> text = LiteralText(contract_, *target.type, literal);
  if (!text.ok()) {
    return Error(literal.offset, fmt::format("{}: {}", target.name, std::string(text.status().message())));
  }
  const Type& type = *target.type;
  const std::string cast = type.kind == Kind::kEnum ? "::" + EnumOf(type).sql_type : OperandCast(type);
  std::string operand = Bind(*std::move(text)) + cast;
  return operand;
}

const contract::Enum& RestrictionCompiler::EnumOf(const Type& type) const {
  return contract_.enums[static_cast<std::size_t>(type.index)];
}

std::string RestrictionCompiler::Bind(std::string value) {
  params_.emplace_back(std::move(value));
  return fmt::format("${}", first_param_ + static_cast<int>(params_.size()) - 1);
}

absl::Status RestrictionCompiler::Error(std::size_t offset, const std::string& what) const {
  return FilterError(filter_, offset, what);
}

}  // namespace protogres::sql
