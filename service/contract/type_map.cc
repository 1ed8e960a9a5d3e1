#include "contract/type_map.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "contract/naming.h"
#include "text/excerpt.h"
#include "text/quote.h"

namespace protogres::contract {
namespace {

using catalog::Oid;
using catalog::TypeKind;

// Domains over domains and arrays of arrays end long before; a Catalog that is wrong might not.
constexpr int kMaxDepth = 100;

struct BaseType {
  std::string_view name;  // pg_type.typname
  Kind kind;
  Text text = Text::kAny;
  bool textual = false;
};

constexpr BaseType kBaseTypes[] = {
    {"int2", Kind::kInt32},
    {"int4", Kind::kInt32},
    {"int8", Kind::kInt64},
    {"oid", Kind::kUint32},
    {"float4", Kind::kFloat},
    {"float8", Kind::kDouble},
    {"bool", Kind::kBool},
    {"numeric", Kind::kString, Text::kNumeric},
    {"money", Kind::kString, Text::kNumeric},
    {"text", Kind::kString, Text::kAny, true},
    {"varchar", Kind::kString, Text::kAny, true},
    {"bpchar", Kind::kString, Text::kAny, true},
    {"name", Kind::kString, Text::kAny, true},
    {"uuid", Kind::kString, Text::kUuid},
    {"tsvector", Kind::kString, Text::kVector},
    {"bytea", Kind::kBytes},
    {"timestamptz", Kind::kTimestamp},
    {"timestamp", Kind::kTimestamp},
    {"json", Kind::kJson},
    {"jsonb", Kind::kJson},
};

Type MapBase(const catalog::Type& source) {
  Type type;
  if (source.name == "citext") type.textual = true;
  if (source.schema != "pg_catalog") return type;
  const auto* row = std::ranges::find(kBaseTypes, source.name, &BaseType::name);
  if (row == std::end(kBaseTypes)) return type;
  type.kind = row->kind;
  type.text = row->text;
  type.textual = row->textual;
  type.small = source.name == "int2";
  type.zoned = source.name == "timestamptz";
  type.jsonb = source.name == "jsonb";
  if (source.name == "money") type.read_cast = type.write_cast = "::numeric";
  return type;
}

// A value as one string: what was known of its shape no longer holds.
Type Textual(const Type& source) {
  Type type;
  type.sql_type = type.element_sql_type = source.sql_type;
  type.textual = source.textual && !source.repeated;
  type.comparable = source.comparable;
  type.orderable = source.orderable;
  if (!source.repeated) type.operator_schema = source.operator_schema;  // arrays have PostgreSQL's own
  return type;
}

std::optional<Type> MapType(const catalog::Catalog& catalog, const std::unordered_map<Oid, int>& index, Oid oid,
                            int depth) {
  const catalog::Type* source = catalog.FindType(oid);
  if (source == nullptr || source->kind == TypeKind::kPseudo || depth > kMaxDepth) return std::nullopt;
  if (source->kind == TypeKind::kArray) {
    std::optional<Type> type = MapType(catalog, index, source->element, depth + 1);
    if (!type.has_value()) return std::nullopt;
    // An array whose elements are arrays (of a domain over one) has no repeated form.
    const bool nested = type->repeated;
    if (nested) type = Textual(*type);
    type->repeated = !nested;
    type->delimiter = catalog.FindType(source->element)->delimiter;
    type->element_sql_type = type->sql_type;
    type->sql_type += "[]";
    if (nested) type->element_sql_type = type->sql_type;
    if (!type->read_cast.empty()) type->read_cast += "[]";
    if (!type->write_cast.empty()) type->write_cast += "[]";
    return type;
  }
  if (source->kind == TypeKind::kDomain) {
    std::optional<Type> type = MapType(catalog, index, source->base, depth + 1);
    if (!type.has_value()) return std::nullopt;
    type->sql_type = text::QuoteName(source->schema, source->name);
    if (!type->repeated) type->element_sql_type = type->sql_type;
    // A domain over an enum has no operators of its own.
    type->comparable = source->comparable;
    type->orderable = source->orderable;
    return type;
  }
  Type type;
  if (source->kind == TypeKind::kBase) type = MapBase(*source);
  // PostgreSQL gives a multirange such a name, unless the range's maker has chosen another.
  if (source->kind == TypeKind::kRange) {
    type.text = source->name.ends_with("multirange") ? Text::kMultirange : Text::kRange;
  }
  if (source->kind == TypeKind::kEnum) type.kind = Kind::kEnum;
  if (source->kind == TypeKind::kComposite) type.kind = Kind::kMessage;
  if (const auto found = index.find(oid); found != index.end()) type.index = found->second;
  type.sql_type = type.element_sql_type = text::QuoteName(source->schema, source->name);
  type.comparable = source->comparable;
  type.orderable = source->orderable;
  if (!source->operator_schema.empty()) type.operator_schema = text::QuoteName(source->operator_schema);
  return type;
}

}  // namespace

bool TypeMap::CanServe(Oid oid) const { return MapType(catalog_, index_, oid, 0).has_value(); }

std::optional<Type> TypeMap::Map(Oid oid) const { return MapType(catalog_, index_, oid, 0); }

Type TypeMap::MapAsText(Oid oid) const { return Textual(Map(oid).value_or(Type{})); }

void TypeMap::Use(Oid oid) {
  std::vector<Oid> todo = {oid};
  std::set<Oid> seen;
  while (!todo.empty()) {
    const catalog::Type* type = catalog_.FindType(todo.back());
    todo.pop_back();
    if (type == nullptr || !seen.insert(type->oid).second) continue;
    if (type->kind == TypeKind::kArray) todo.push_back(type->element);
    if (type->kind == TypeKind::kDomain) todo.push_back(type->base);
    if (type->kind == TypeKind::kEnum) used_.insert(type->oid);
    if (type->kind != TypeKind::kComposite || !used_.insert(type->oid).second) continue;
    for (const catalog::Attribute& attribute : type->attributes) todo.push_back(attribute.type);
  }
}

std::string TypeMap::PackageOf(const Type& type) const {
  if (type.index < 0) return "";
  const auto index = static_cast<std::size_t>(type.index);
  return type.kind == Kind::kEnum ? enums_[index].package : composites_[index].package;
}

bool TypeMap::Reaches(const std::string& from, const std::string& to) const {
  std::vector<std::string> todo = {from};
  std::set<std::string> seen;
  while (!todo.empty()) {
    const std::string package = todo.back();
    todo.pop_back();
    if (package == to) return true;
    if (!seen.insert(package).second) continue;
    if (const auto next = imports_.find(package); next != imports_.end()) {
      todo.insert(todo.end(), next->second.begin(), next->second.end());
    }
  }
  return false;
}

std::string TypeMap::Spell(Oid oid) const {
  const catalog::Type* type = catalog_.FindType(oid);
  if (type == nullptr) return "an unknown type";
  if (type->kind == TypeKind::kArray) return Spell(type->element) + "[]";
  return text::Escaped(type->schema == "pg_catalog" ? type->name : type->schema + "." + type->name);
}

}  // namespace protogres::contract
