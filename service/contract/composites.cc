// The part of TypeMap that names and fills the Contract's enums and composites.
#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_set>

#include "contract/annotation.h"
#include "contract/naming.h"
#include "contract/packages.h"
#include "contract/type_map.h"
#include "fmt/format.h"
#include "text/ascii.h"
#include "text/excerpt.h"
#include "text/quote.h"

namespace protogres::contract {
namespace {

using catalog::TypeKind;

std::string Label(const catalog::Type& type) { return text::Escaped(type.schema + "." + type.name); }

// A type whose name is being chosen. Renamed ones choose first; the row types of tables, whose word the table has
// a better claim to, last.
struct Candidate {
  const catalog::Type* type = nullptr;
  Annotations notes;
  std::string wanted;
  int rank = 1;
};

// The names that an enum or composite takes in its package, those of its generated code among them.
std::vector<std::string> NamesOf(const Candidate& candidate, const std::string& name) {
  if (candidate.type->kind == TypeKind::kComposite) return {name, name + "OrBuilder"};
  std::set<std::string> names = {name};
  for (const char* tail : {"_UNSPECIFIED", "_MIN", "_MAX", "_ARRAYSIZE"}) {
    names.insert((tail == std::string_view("_UNSPECIFIED") ? text::Upper(Snake(name)) : name) + tail);
  }
  return {names.begin(), names.end()};
}

}  // namespace

void TypeMap::TakeNames(const std::map<std::string, std::string>& packages, std::map<std::string, PackageScope>* scopes,
                        Contract* contract) {
  std::set<std::pair<std::string, std::string>> relations;
  for (const auto& relation : catalog_.relations) relations.emplace(relation.schema, relation.name);
  std::vector<Candidate> candidates;
  for (const catalog::Oid oid : used_) {
    Candidate candidate{catalog_.FindType(oid), ReadComment(catalog_.FindType(oid)->comment, Commented::kType), "", 1};
    const catalog::Type& type = *candidate.type;
    const bool row_type = type.kind == TypeKind::kComposite && relations.contains({type.schema, type.name});
    candidate.wanted = Pascal(candidate.notes.name.value_or(Fold(type.name)));
    if (candidate.notes.name.has_value()) {
      candidate.rank = 0;
    } else if (row_type) {
      candidate.wanted += "Type";
      candidate.rank = 2;
    }
    for (const std::string& problem : candidate.notes.problems) {
      contract->warnings.push_back(fmt::format("type {}: {}", Label(type), problem));
    }
    candidates.push_back(std::move(candidate));
  }
  std::ranges::sort(candidates, {}, [](const Candidate& candidate) {
    return std::tie(candidate.rank, candidate.type->schema, candidate.type->name);
  });
  for (const Candidate& candidate : candidates) {
    const catalog::Type& type = *candidate.type;
    const std::string& package = packages.at(type.schema);
    std::string name = candidate.wanted;
    for (int i = 2; IsBadMessageName(name) || !(*scopes)[package].Take(NamesOf(candidate, name)); ++i) {
      name = fmt::format("{}{}", candidate.wanted, i);
    }
    std::string comment = candidate.notes.text;
    if (!comment.empty()) comment += "\n\n";
    const std::string full_name = package + "." + name;
    const std::string sql_type = text::QuoteName(type.schema, type.name);
    if (type.kind == TypeKind::kEnum) {
      index_[type.oid] = static_cast<int>(enum_types_.size());
      enum_types_.push_back(&type);
      enums_.push_back({package, name, comment + fmt::format("Enum {}.", Label(type))});
      contract->enums.push_back({full_name, sql_type, {}});
    } else {
      index_[type.oid] = static_cast<int>(composite_types_.size());
      composite_types_.push_back(&type);
      composites_.push_back(
          {package, name, comment + fmt::format("Composite type {}.", Label(type)), {}, type.dropped});
      contract->composites.push_back({full_name, sql_type, {}});
    }
  }
}

void TypeMap::DefineValues(std::map<std::string, PackageScope>* scopes, Contract* contract) {
  for (std::size_t i = 0; i < enum_types_.size(); ++i) {
    Enum& result = contract->enums[i];
    const std::string prefix = text::Upper(Snake(enums_[i].name)) + "_";
    std::unordered_set<std::string> squashed = {SquashLabel("UNSPECIFIED")};
    int number = 0;
    for (const std::string& label : enum_types_[i]->labels) {
      ++number;
      std::string name = LabelName(label);
      while (squashed.contains(SquashLabel(name)) || !(*scopes)[enums_[i].package].Take({prefix + name})) {
        name += fmt::format("_{}", number);
      }
      squashed.insert(SquashLabel(name));
      result.values.push_back({label, prefix + name, number});
    }
  }
}

Type TypeMap::MapAttribute(const std::string& package, const catalog::Attribute& attribute, bool as_text,
                           const std::string& where, std::vector<std::string>* warnings) {
  const std::optional<Type> mapped = Map(attribute.type);
  // Every attribute has its place in a row's text form, so that none can be left out.
  if (!mapped.has_value() || as_text) return MapAsText(attribute.type);
  Type type = *mapped;
  const std::string other = PackageOf(type);
  if (!other.empty() && other != package) {
    if (Reaches(other, package)) {
      warnings->push_back(
          fmt::format("{}: served as text, as the packages {} and {} would import each other", where, package, other));
      return MapAsText(attribute.type);
    }
    imports_[package].insert(other);
  }
  // Within a row's text form money is its own text: no cast reaches it.
  if (!type.read_cast.empty()) type.text = Text::kAny;
  type.read_cast.clear();
  type.write_cast.clear();
  return type;
}

void TypeMap::DefineFields(Contract* contract) {
  // In order of (schema, name), so that which import is refused does not hang on oids.
  std::vector<std::size_t> order(composite_types_.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {},
                    [this](std::size_t i) { return std::tie(composite_types_[i]->schema, composite_types_[i]->name); });
  for (const std::size_t i : order) {
    FieldScope scope;
    for (const catalog::Attribute& attribute : composite_types_[i]->attributes) {
      const std::string where =
          fmt::format("type {}, attribute {}", Label(*composite_types_[i]), text::Escaped(attribute.name));
      const Annotations notes = ReadComment(attribute.comment, Commented::kAttribute);
      for (const std::string& problem : notes.problems) contract->warnings.push_back(where + ": " + problem);
      Field field;
      field.type = MapAttribute(composites_[i].package, attribute, notes.as_text, where, &contract->warnings);
      field.number = attribute.number;
      field.column = attribute.name;
      field.name = FreeName(notes.name.value_or(FieldName(attribute.name)), field.number, field.type, {&scope});
      scope.Take(field.name, field.type);
      std::string comment = notes.text.empty() ? "" : notes.text + "\n\n";
      comment += Spell(attribute.type) + ".";
      if (field.name != field.column) comment += fmt::format(" SQL: {}.", text::Escaped(text::QuoteName(field.column)));
      composites_[i].fields.push_back(std::move(comment));
      contract->composites[i].fields.push_back(std::move(field));
    }
  }
}

void TypeMap::Define(const std::map<std::string, std::string>& packages, std::map<std::string, PackageScope>* scopes,
                     Contract* contract) {
  TakeNames(packages, scopes, contract);
  DefineValues(scopes, contract);
  DefineFields(contract);
}

}  // namespace protogres::contract
