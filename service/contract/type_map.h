// Maps PostgreSQL's types to those of the Contract (docs/types.md), and gives enums and composites their names. Pure.
// Knows no descriptors.
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

// What a file says of an enum beside its values. They stand in the order of Contract::enums.
struct EnumNotes {
  std::string package;
  std::string name;
  std::string comment;
};

// Use is called first, for all types that are served, then Define, then Map. Borrows the Catalog.
class TypeMap {
 public:
  explicit TypeMap(const catalog::Catalog& catalog) : catalog_(catalog) {}

  // False for pseudo-types, arrays and domains of them, and unknown types.
  bool CanServe(catalog::Oid oid) const;
  // Says that columns have this type, so that its enums and composites must be in the Contract.
  void Use(catalog::Oid oid);
  // Makes the enums and composites of `contract`, in the order of (schema, name). Their names are taken from `scopes`,
  // which are by package. `packages` is by schema.
  void Define(const std::map<std::string, std::string>& packages, std::map<std::string, PackageScope>* scopes,
              Contract* contract);
  // The type as the Contract has it. nullopt: it cannot be served.
  std::optional<Type> Map(catalog::Oid oid) const;
  // The same, as one string in PostgreSQL's own text form.
  Type MapAsText(catalog::Oid oid) const;

  const std::vector<EnumNotes>& enums() const { return enums_; }
  const std::vector<MessageNotes>& composites() const { return composites_; }
  // The packages whose types the composites of each package use. They make no cycle.
  const std::map<std::string, std::set<std::string>>& imports() const { return imports_; }

 private:
  void TakeNames(const std::map<std::string, std::string>& packages, std::map<std::string, PackageScope>* scopes,
                 Contract* contract);
  void DefineValues(std::map<std::string, PackageScope>* scopes, Contract* contract);
  void DefineFields(Contract* contract);
  Type MapAttribute(const std::string& package, const catalog::Attribute& attribute, bool as_text,
                    const std::string& where, std::vector<std::string>* warnings);
  // The package of an enum or composite. Empty: `type` is neither.
  std::string PackageOf(const Type& type) const;
  bool Reaches(const std::string& from, const std::string& to) const;
  std::string Spell(catalog::Oid oid) const;

  const catalog::Catalog& catalog_;
  std::set<catalog::Oid> used_;                   // enums and composites
  std::vector<const catalog::Type*> enum_types_;  // in the order of Contract::enums
  std::vector<const catalog::Type*> composite_types_;
  std::unordered_map<catalog::Oid, int> index_;  // into Contract::enums or Contract::composites
  std::vector<EnumNotes> enums_;
  std::vector<MessageNotes> composites_;
  std::map<std::string, std::set<std::string>> imports_;
};

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_TYPE_MAP_H_
