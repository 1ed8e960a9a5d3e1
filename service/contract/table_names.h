// Chooses the names of tables: message, plural, the fields of rows in requests and responses, and the file. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_TABLE_NAMES_H_
#define PROTOGRES_SERVICE_CONTRACT_TABLE_NAMES_H_

#include <map>
#include <string>
#include <vector>

#include "contract/draft.h"
#include "contract/scope.h"

namespace protogres::contract {

// Sets package, message, plural, row_field, rows_field and file of all `drafts`, which are sorted by
// (schema, name). `packages` is by schema, `scopes` by package; both know all types already. `rows_apart`: no table has
// the file of the rows.
void NameTables(const std::map<std::string, std::string>& packages, bool rows_apart,
                std::map<std::string, PackageScope>* scopes, std::vector<Draft>* drafts,
                std::vector<std::string>* warnings);

// shop.v1 -> shop/v1/types.proto
std::string TypesFileName(const std::string& package);
// The file of the rows of a package that has relations: shop.v1 -> shop/v1/rows.proto
std::string RowsFileName(const std::string& package);
// The file of the functions of a package, unless a table's has its name: shop.v1 -> shop/v1/functions.proto
std::string FunctionsFileName(const std::string& package);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_TABLE_NAMES_H_
