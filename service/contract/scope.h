// Knows which names are taken in a package or a message, and what a name becomes that is taken. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_SCOPE_H_
#define PROTOGRES_SERVICE_CONTRACT_SCOPE_H_

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "contract/contract.h"

namespace protogres::contract {

// The names of one package: messages, enums, services and enum values share one scope.
class PackageScope {
 public:
  bool Has(const std::string& name) const { return names_.contains(name); }
  // Takes all of `names`. False: one of them is taken, and so none was taken now.
  bool Take(const std::vector<std::string>& names);

 private:
  std::unordered_set<std::string> names_;
};

// The field names of one message. Two names clash if protobuf says so, which compares JSON names without case and `_`.
// They also clash if generated C++ or Java would have the same accessor for both: `a` and `has_a`, or a string `a` and
// `a_bytes`.
class FieldScope {
 public:
  bool Clashes(std::string_view name, const Type& type) const;
  void Take(std::string_view name, const Type& type);
  void Take(std::string_view name, Kind kind);  // for one of Protogres' own fields

 private:
  std::unordered_set<std::string> squashed_;
  std::unordered_map<std::string, unsigned> fields_;  // in lower case -> the suffixes of its accessors, a bit each
  bool has_prefixed_ = false;                         // one of fields_ begins like an accessor
  bool has_suffixed_ = false;                         // one of fields_ ends like an accessor
};

// The names of those of Protogres' own fields that stand beside the columns of a row; beside those of a key, in
// requests; beside a row, in requests; and beside rows, in responses and requests.
FieldScope BesideColumns();
FieldScope BesideKey();
FieldScope BesideRow();
FieldScope BesideRows();

// `wanted`, or, if that clashes in a scope, `wanted` with `_<number>` after it, as often as needed.
std::string FreeName(std::string wanted, int number, const Type& type, const std::vector<const FieldScope*>& scopes);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_SCOPE_H_
