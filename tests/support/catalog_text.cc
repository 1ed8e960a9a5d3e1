#include "support/catalog_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"

namespace protogres::testing {
namespace {

using catalog::Catalog;
using catalog::Column;
using catalog::ForeignKey;
using catalog::Generated;
using catalog::Relation;
using catalog::RelationKind;
using catalog::Sharding;
using catalog::Type;
using catalog::TypeKind;

std::string Quoted(const std::string& text) { return fmt::format("\"{}\"", absl::Utf8SafeCEscape(text)); }

std::string Quoted(const std::string& schema, const std::string& name) {
  return fmt::format("{}.{}", Quoted(schema), Quoted(name));
}

std::string TypeName(const Catalog& catalog, catalog::Oid oid) {
  const Type* type = catalog.FindType(oid);
  return type == nullptr ? "(no such type)" : Quoted(type->schema, type->name);
}

const char* Word(RelationKind kind) {
  switch (kind) {
    case RelationKind::kTable:
      return "table";
    case RelationKind::kPartitioned:
      return "partitioned table";
    case RelationKind::kView:
      return "view";
    case RelationKind::kMaterializedView:
      return "materialized view";
    case RelationKind::kForeign:
      return "foreign table";
  }
  return "?";
}

const char* Word(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBase:
      return "base type";
    case TypeKind::kArray:
      return "array type";
    case TypeKind::kEnum:
      return "enum type";
    case TypeKind::kComposite:
      return "composite type";
    case TypeKind::kDomain:
      return "domain";
    case TypeKind::kRange:
      return "range type";
    case TypeKind::kPseudo:
      return "pseudo-type";
  }
  return "?";
}

const char* Word(Generated generated) {
  switch (generated) {
    case Generated::kNo:
      return "";
    case Generated::kIdentityByDefault:
      return "identity by default";
    case Generated::kIdentityAlways:
      return "identity always";
    case Generated::kExpression:
      return "generated";
  }
  return "?";
}

// What is said of a thing: "key (1, 2), insertable".
class Said {
 public:
  void Add(const std::string& words) {
    if (!words.empty()) words_.push_back(words);
  }
  void If(bool condition, const char* words) {
    if (condition) Add(words);
  }
  void Numbers(const char* words, const std::vector<int>& numbers) {
    if (!numbers.empty()) Add(fmt::format("{} ({})", words, fmt::join(numbers, ", ")));
  }
  void Comment(const std::string& comment) {
    if (!comment.empty()) Add(fmt::format("comment {}", Quoted(comment)));
  }
  std::string Text() const { return words_.empty() ? "" : fmt::format(": {}", fmt::join(words_, ", ")); }

 private:
  std::vector<std::string> words_;
};

std::string ColumnText(const Catalog& catalog, const Column& column) {
  Said said;
  said.If(column.not_null, "not null");
  said.If(column.never_null, "never null");
  said.If(column.has_default, "default");
  said.Add(Word(column.generated));
  said.If(column.readable, "readable");
  said.If(column.insertable, "insertable");
  said.If(column.updatable, "updatable");
  said.Comment(column.comment);
  return fmt::format("  {} {} {} ({}){}\n", column.number, Quoted(column.name), TypeName(catalog, column.type),
                     absl::Utf8SafeCEscape(column.sql_type), said.Text());
}

std::string ForeignKeyText(const Catalog& catalog, const ForeignKey& key) {
  std::string target = "(no such relation)";
  for (const Relation& relation : catalog.relations) {
    if (relation.oid == key.target) target = Quoted(relation.schema, relation.name);
  }
  Said said;
  said.If(key.unique, "unique");
  said.Comment(key.comment);
  return fmt::format("  foreign key {} ({}) to {} ({}){}\n", Quoted(key.name), fmt::join(key.columns, ", "), target,
                     fmt::join(key.target_columns, ", "), said.Text());
}

std::string RelationText(const Catalog& catalog, const Relation& relation) {
  Said said;
  said.Numbers("key", relation.key);
  said.If(!relation.key_unique, "key not unique");
  said.If(!relation.upsertable, "not upsertable");
  said.Numbers("distinct", relation.distinct);
  said.If(relation.selectable, "selectable");
  said.If(relation.positioned, "positioned");
  said.If(relation.sharding == Sharding::kCitus, "of Citus");
  said.If(relation.sharding == Sharding::kForeign, "over foreign tables");
  said.Numbers("shard by", relation.shard_by);
  said.If(relation.insertable, relation.insert_returns ? "insertable" : "insertable without RETURNING");
  said.If(relation.updatable, relation.update_returns ? "updatable" : "updatable without RETURNING");
  said.If(relation.deletable, "deletable");
  said.Numbers("dropped", relation.dropped);
  said.Comment(relation.comment);
  std::string text = fmt::format("{} {}{}\n", Word(relation.kind), Quoted(relation.schema, relation.name), said.Text());
  for (const Column& column : relation.columns) text += ColumnText(catalog, column);
  for (const ForeignKey& key : relation.foreign_keys) text += ForeignKeyText(catalog, key);
  return text;
}

std::string TypeText(const Catalog& catalog, const Type& type) {
  Said said;
  if (type.element != 0) said.Add(fmt::format("of {}", TypeName(catalog, type.element)));
  if (type.base != 0) said.Add(fmt::format("over {}", TypeName(catalog, type.base)));
  said.If(type.comparable, "comparable");
  said.If(type.orderable, "orderable");
  if (!type.operator_schema.empty()) said.Add(fmt::format("operators in {}", Quoted(type.operator_schema)));
  if (type.delimiter != ',') said.Add(fmt::format("delimiter {}", type.delimiter));
  said.Numbers("dropped", type.dropped);
  if (type.schema != "pg_catalog") said.Comment(type.comment);  // else it is PostgreSQL's own
  std::string text = fmt::format("{} {}{}\n", Word(type.kind), Quoted(type.schema, type.name), said.Text());
  for (const std::string& label : type.labels) text += fmt::format("  {}\n", Quoted(label));
  for (const auto& attribute : type.attributes) {
    Said of_attribute;
    of_attribute.Comment(attribute.comment);
    text += fmt::format("  {} {} {}{}\n", attribute.number, Quoted(attribute.name), TypeName(catalog, attribute.type),
                        of_attribute.Text());
  }
  return text;
}

}  // namespace

std::string CatalogText(const Catalog& catalog) {
  std::string text = fmt::format("encoding {}\n", catalog.server_encoding);
  for (const std::string& schema : catalog.schemas) text += fmt::format("schema {}\n", Quoted(schema));
  for (const Relation& relation : catalog.relations) text += fmt::format("\n{}", RelationText(catalog, relation));
  std::map<std::pair<std::string, std::string>, const Type*> types;
  for (const auto& [oid, type] : catalog.types) types[{type.schema, type.name}] = &type;
  text += "\n";
  for (const auto& [name, type] : types) text += TypeText(catalog, *type);
  return text;
}

}  // namespace protogres::testing
