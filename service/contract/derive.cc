#include "contract/derive.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "contract/computed.h"
#include "contract/descriptors.h"
#include "contract/draft.h"
#include "contract/function_file.h"
#include "contract/functions.h"
#include "contract/methods.h"
#include "contract/own_fields.h"
#include "contract/packages.h"
#include "contract/relations.h"
#include "contract/scope.h"
#include "contract/table_names.h"
#include "contract/type_map.h"
#include "fmt/format.h"
#include "status/macros.h"

namespace protogres::contract {
namespace {

std::vector<Draft> SelectAll(const catalog::Catalog& catalog, TypeMap* types, Contract* contract) {
  std::vector<const catalog::Relation*> relations;
  for (const catalog::Relation& relation : catalog.relations) relations.push_back(&relation);
  std::ranges::sort(relations, {},
                    [](const catalog::Relation* relation) { return std::tie(relation->schema, relation->name); });
  std::vector<Draft> drafts;
  for (const catalog::Relation* relation : relations) {
    if (auto draft = Select(*relation, types, &contract->warnings)) drafts.push_back(*std::move(draft));
  }
  return drafts;
}

// The names that every package has taken from the start: those of its files of types and rows, and the next parts of
// packages below it.
std::map<std::string, PackageScope> MakeScopes(const std::map<std::string, std::string>& packages, bool rows_apart) {
  std::map<std::string, PackageScope> scopes;
  for (const auto& [schema, package] : packages) {
    PackageScope& scope = scopes[package];
    scope.Take({"TypesProto"});
    if (rows_apart) scope.Take({"RowsProto", kExpandMessage});
    const std::string prefix = package + ".";
    for (const auto& [other_schema, other] : packages) {
      if (!other.starts_with(prefix)) continue;
      const std::string below = other.substr(prefix.size());
      scope.Take({below.substr(0, below.find('.'))});
    }
  }
  return scopes;
}

// Packages that have types, each after those that it imports.
std::vector<std::string> TypePackages(const TypeMap& types) {
  std::set<std::string> todo;
  for (const EnumNotes& notes : types.enums()) todo.insert(notes.package);
  for (const MessageNotes& notes : types.composites()) todo.insert(notes.package);
  std::vector<std::string> ordered;
  while (!todo.empty()) {
    const auto ready = std::ranges::find_if(todo, [&](const std::string& package) {
      const auto imports = types.imports().find(package);
      return imports == types.imports().end() ||
             std::ranges::none_of(imports->second, [&](const std::string& import) { return todo.contains(import); });
    });
    ordered.push_back(*ready);
    todo.erase(ready);
  }
  return ordered;
}

PackageGraph GraphOf(const TypeMap& types, const Contract& contract) {
  PackageGraph graph = types.imports();
  for (const Table& table : contract.tables) {
    for (const Field& field : table.fields) {
      if (field.type.index < 0) continue;
      const auto index = static_cast<std::size_t>(field.type.index);
      const std::string& package =
          field.type.kind == Kind::kEnum ? types.enums()[index].package : types.composites()[index].package;
      if (package != table.package) graph[table.package].insert(package);
    }
    for (const Relation& relation : table.relations) {
      const std::string& package = contract.tables[static_cast<std::size_t>(relation.target)].package;
      if (package != table.package) graph[table.package].insert(package);
    }
  }
  return graph;
}

// The packages that, all their files taken together, need each other: Go could not compile them as one package each.
std::set<std::string> Entangled(const PackageGraph& graph) {
  std::set<std::string> entangled;
  for (const auto& [package, reached] : Reached(graph)) {
    if (reached.contains(package)) entangled.insert(package);
  }
  return entangled;
}

bool ServesRelations(Relations relations, std::size_t tables, std::vector<std::string>* warnings) {
  if (relations != Relations::kAuto) return relations == Relations::kOn;
  if (tables <= kMostRelated) return true;
  warnings->push_back(
      fmt::format("no relations are served, as there are {} tables, more than {}: --relations=on serves them", tables,
                  kMostRelated));
  return false;
}

// Nobody imports the file of functions, so that it need not be in the Go package of what is imported.
void SetFunctionsApart(PackageGraph graph, Contract* contract) {
  for (const FunctionService& service : contract->functions) {
    const std::set<std::string> packages = FunctionImports(*contract, service);
    graph[service.package].insert(packages.begin(), packages.end());
  }
  const std::set<std::string> entangled = Entangled(graph);
  for (FunctionService& service : contract->functions) service.go_apart = entangled.contains(service.package);
}

}  // namespace

absl::StatusOr<Contract> Derive(const catalog::Catalog& catalog, const DeriveOptions& options) {
  ASSIGN_OR_RETURN(Packages packages, MakePackages(catalog, options));
  Contract contract;
  contract.warnings = std::move(packages.warnings);
  TypeMap types(catalog);
  std::vector<Draft> drafts = SelectAll(catalog, &types, &contract);
  FunctionDrafts functions;
  if (options.functions) functions = SelectFunctions(catalog, drafts, &types, &contract.warnings);
  const bool related = ServesRelations(options.relations, drafts.size(), &contract.warnings);
  std::map<std::string, PackageScope> scopes = MakeScopes(packages.by_schema, related);
  types.Define(packages.by_schema, &scopes, &contract);
  NameTables(packages.by_schema, related, &scopes, &drafts, &contract.warnings);
  contract.tables.reserve(drafts.size());
  for (Draft& draft : drafts) {
    Fill(types, options.soft_delete, &draft, &contract.warnings);
    draft.table.methods = Supported(draft.table);
    contract.tables.push_back(std::move(draft.table));
  }
  if (related) AddRelations(catalog, drafts, &contract);
  AddComputed(std::move(functions.computed), types, &contract);
  DefineFunctions(functions.methods, types, packages.by_schema, &scopes, &contract);
  const PackageGraph graph = GraphOf(types, contract);
  SetFunctionsApart(graph, &contract);
  const std::set<std::string> entangled = Entangled(graph);
  for (const std::string& package : TypePackages(types)) {
    *contract.files.add_file() =
        TypesFile(contract, types, package, TypesFileName(package), entangled.contains(package));
  }
  return contract;
}

}  // namespace protogres::contract
