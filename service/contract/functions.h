// Chooses the functions and procedures that are served, and gives them their names and messages. Pure. Knows no
// descriptors.
#ifndef PROTOGRES_SERVICE_CONTRACT_FUNCTIONS_H_
#define PROTOGRES_SERVICE_CONTRACT_FUNCTIONS_H_

#include <map>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "contract/annotation.h"
#include "contract/computed.h"
#include "contract/contract.h"
#include "contract/draft.h"
#include "contract/scope.h"
#include "contract/type_map.h"

namespace protogres::contract {

// A function on its way into the Contract. Borrows the Catalog.
struct FunctionDraft {
  const catalog::Function* function = nullptr;
  Annotations notes;
  std::vector<const catalog::Argument*> outs;  // its OUT, INOUT and TABLE arguments
  ResultKind kind = ResultKind::kNothing;
  std::string row;  // kRow: the SQL name of the table, quoted
};

struct FunctionDrafts {
  std::vector<FunctionDraft> methods;
  std::vector<ComputedDraft> computed;
};

// Chooses the functions that are served, as methods or as computed columns, and tells `types` of their types. Those
// that return the row of one of `tables` do not need its type. What is left out for its types is told in `warnings`.
FunctionDrafts SelectFunctions(const catalog::Catalog& catalog, const std::vector<Draft>& tables, TypeMap* types,
                               std::vector<std::string>* warnings);

// Makes Contract::functions of what was selected. `packages` is by schema, `scopes` by package; both know all types and
// tables already, and so does the Contract.
void DefineFunctions(const std::vector<FunctionDraft>& drafts, const TypeMap& types,
                     const std::map<std::string, std::string>& packages, std::map<std::string, PackageScope>* scopes,
                     Contract* contract);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_FUNCTIONS_H_
