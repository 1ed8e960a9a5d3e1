// Schema -> protobuf package. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_PACKAGES_H_
#define PROTOGRES_SERVICE_CONTRACT_PACKAGES_H_

#include <map>
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

// As the options say, else `<schema>.v1`, with `public` taken as the
// database's name. Two schemas share a package only where the options say so.
// INVALID_ARGUMENT: an option that is no package name, or one of a fixed service.
absl::StatusOr<Packages> MakePackages(const catalog::Catalog& catalog, const DeriveOptions& options);

// True for a keyword of Java, which no part of a Java package can be.
bool IsJavaWord(const std::string& name);

// True for a message name that generated code cannot have: Java's own class
// within every message, and keywords of Python.
bool IsBadMessageName(const std::string& name);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_PACKAGES_H_
