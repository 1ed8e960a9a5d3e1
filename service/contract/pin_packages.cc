#include "contract/pin_packages.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <vector>

#include "contract/descriptors.h"
#include "contract/function_file.h"
#include "contract/naming.h"
#include "contract/packages.h"
#include "status/macros.h"

namespace protogres::contract {
namespace {

using Names = std::set<std::string>;

// Package -> the names of its messages, enums and services.
using NamesByPackage = std::map<std::string, Names>;

void AddNames(const google::protobuf::FileDescriptorProto& file, NamesByPackage* packages) {
  if (!IsPackage(file.package())) return;
  Names& names = (*packages)[file.package()];
  for (const auto& message : file.message_type()) names.insert(message.name());
  for (const auto& type : file.enum_type()) names.insert(type.name());
  for (const auto& service : file.service()) names.insert(service.name());
}

NamesByPackage NamesOf(const google::protobuf::FileDescriptorSet& files) {
  NamesByPackage packages;
  for (const auto& file : files.file()) AddNames(file, &packages);
  return packages;
}

NamesByPackage NamesOf(const Contract& derived) {
  NamesByPackage packages = NamesOf(derived.files);
  for (const Table& table : derived.tables) AddNames(TableFile(derived, table), &packages);
  for (const FunctionService& service : derived.functions) AddNames(FunctionsFile(derived, service), &packages);
  return packages;
}

std::size_t Common(const Names& a, const Names& b) {
  return static_cast<std::size_t>(std::ranges::count_if(a, [&b](const std::string& name) { return b.contains(name); }));
}

struct Match {
  std::size_t common = 0;
  bool same_package = false;
  bool is_public = false;
  std::string schema;
  std::string package;  // the pinned one

  auto Rank() const { return std::tuple(common, same_package, is_public); }
};

// Schema -> pinned package, for those that the rules name otherwise.
std::map<std::string, std::string> Assign(const NamesByPackage& pinned, const NamesByPackage& derived,
                                          std::map<std::string, std::string> schemas) {
  NamesByPackage left = pinned;
  // Most are as they were: only what is not needs a search.
  std::erase_if(schemas, [&](const auto& schema) {
    const auto own = derived.find(schema.second);
    const auto named = left.find(schema.second);
    if (own == derived.end() || named == left.end()) return own == derived.end();
    if (!std::ranges::includes(own->second, named->second)) return false;
    left.erase(named);
    return true;
  });
  std::vector<Match> matches;
  for (const auto& [package, names] : left) {
    for (const auto& [schema, own] : schemas) {
      const std::size_t common = Common(names, derived.at(own));
      if (common > 0) matches.push_back({common, package == own, schema == "public", schema, package});
    }
  }
  std::ranges::stable_sort(matches, std::ranges::greater(), &Match::Rank);
  std::map<std::string, std::string> assigned;
  std::set<std::string> taken;
  for (const Match& match : matches) {
    if (assigned.contains(match.schema) || !taken.insert(match.package).second) continue;
    assigned.emplace(match.schema, match.package);
  }
  std::erase_if(assigned, [&](const auto& one) { return schemas.at(one.first) == one.second; });
  return assigned;
}

}  // namespace

absl::StatusOr<Contract> DeriveAs(const google::protobuf::FileDescriptorSet& pinned, const catalog::Catalog& catalog,
                                  const DeriveOptions& options) {
  ASSIGN_OR_RETURN(Packages packages, MakePackages(catalog, options));
  ASSIGN_OR_RETURN(Contract derived, Derive(catalog, options));
  std::erase_if(packages.by_schema, [&](const auto& schema) { return options.packages.contains(schema.first); });
  const auto assigned = Assign(NamesOf(pinned), NamesOf(derived), packages.by_schema);
  if (assigned.empty()) return derived;
  DeriveOptions as_pinned = options;
  as_pinned.packages.insert(assigned.begin(), assigned.end());
  return Derive(catalog, as_pinned);
}

}  // namespace protogres::contract
