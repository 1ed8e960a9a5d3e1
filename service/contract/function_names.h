// Chooses the names of functions' methods and of their services. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_FUNCTION_NAMES_H_
#define PROTOGRES_SERVICE_CONTRACT_FUNCTION_NAMES_H_

#include <map>
#include <string>
#include <vector>

#include "contract/functions.h"

namespace protogres::contract {

// A caller gives it: it is neither OUT nor a column of TABLE.
bool IsGiven(const catalog::Argument& argument);

// "function shop.transfer(a bigint, b bigint)", for warnings and comments.
std::string Label(const catalog::Function& function);

// Adds an empty service for each schema of `drafts` to Contract::functions, and returns the name of each function's
// method: Transfer. `packages` is by schema, `scopes` by package; both know all types and tables already.
std::vector<std::string> NameFunctions(const std::vector<FunctionDraft>& drafts,
                                       const std::map<std::string, std::string>& packages,
                                       std::map<std::string, PackageScope>* scopes, Contract* contract);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_FUNCTION_NAMES_H_
