// PostgreSQL types -> the Contract's, by the design's table; enums and
// composites among them, with their names. Pure; knows no descriptors.
#ifndef PROTOGRES_SERVICE_CONTRACT_TYPE_MAP_H_
#define PROTOGRES_SERVICE_CONTRACT_TYPE_MAP_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"
#include "contract/contract.h"
#include "contract/scope.h"

namespace protogres::contract {

// Beside Contract::enums.
struct EnumNotes {
  std::string package;
  std::string name;
  std::string comment;
};

// First Use() for all types that are served, then Define(), then Map().
// Borrows the Catalog.
class TypeMap {
 public:
  explicit TypeMap(const catalog::Catalog& catalog) : catalog_(catalog) {}

  // False for pseudo-types, arrays and domains of them, and unknown types.
  bool CanServe(catalog::Oid oid) const;
  // Notes that columns have this type: its enums and composites are to be in the Contract.
  void Use(catalog::Oid oid);
  // Fills enums and composites, in order of (schema, name), taking their names from `scopes` (by package).
  // `packages` is by schema.
  void Define(const std::map<std::string, std::string>& packages, std::map<std::string, PackageScope>* scopes,
              Contract* contract);
  // The type as the Contract carries it; null where it cannot be served.
  std::optional<Type> Map(catalog::Oid oid) const;
  // The same, as one string in PostgreSQL's own text form.
  Type MapAsText(catalog::Oid oid) const;

  const std::vector<EnumNotes>& enums() const { return enums_; }
  const std::vector<MessageNotes>& composites() const { return composites_; }
  // Package -> the packages whose types its composites use; never a cycle.
  const std::map<std::string, std::set<std::string>>& imports() const { return imports_; }

 private:
  void TakeNames(const std::map<std::string, std::string>& packages, std::map<std::string, PackageScope>* scopes,
                 Contract* contract);
  void DefineValues(std::map<std::string, PackageScope>* scopes, Contract* contract);
  void DefineFields(Contract* contract);
  Type MapAttribute(const std::string& package, const catalog::Attribute& attribute, bool as_text,
                    const std::string& where, std::vector<std::string>* warnings);
  // The package of the enum or composite that `type` is; empty: it is neither.
  std::string PackageOf(const Type& type) const;
  bool Reaches(const std::string& from, const std::string& to) const;
  std::string Spell(catalog::Oid oid) const;

  const catalog::Catalog& catalog_;
  std::set<catalog::Oid> used_;                   // enums and composites
  std::vector<const catalog::Type*> enum_types_;  // beside Contract::enums
  std::vector<const catalog::Type*> composite_types_;
  std::unordered_map<catalog::Oid, int> index_;  // into Contract::enums or Contract::composites
  std::vector<EnumNotes> enums_;
  std::vector<MessageNotes> composites_;
  std::map<std::string, std::set<std::string>> imports_;
};

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_TYPE_MAP_H_
