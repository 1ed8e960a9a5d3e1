// Chooses the protobuf package of each schema. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_PACKAGES_H_
#define PROTOGRES_SERVICE_CONTRACT_PACKAGES_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "catalog/catalog.h"
#include "contract/derive.h"

namespace protogres::contract {

struct Packages {
  std::map<std::string, std::string> by_schema;  // every schema of a relation or type of the Catalog
  std::vector<std::string> warnings;
};

// The packages that the options name, else `<schema>.v1`; `public` counts as a schema with the name of the database.
// Two schemas share a package only if the options say so. INVALID_ARGUMENT: a package in the options is not the name of
// a package, or is that of a fixed service.
absl::StatusOr<Packages> MakePackages(const catalog::Catalog& catalog, const DeriveOptions& options);

// Which packages each package refers to: directly, or also through others.
using PackageGraph = std::map<std::string, std::set<std::string>>;

// What each package of `graph` refers to, through others too. It is among these itself if it is in a circle.
PackageGraph Reached(const PackageGraph& graph);

// True for a keyword of Java, which no part of a Java package can be.
bool IsJavaWord(const std::string& name);

// True for a message name that generated code cannot have: that of a class which Java has within every message, or a
// keyword of Python.
bool IsBadMessageName(const std::string& name);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_PACKAGES_H_
