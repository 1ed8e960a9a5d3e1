// Reads the functions and procedures that are served. A part of the reader.
#ifndef PROTOGRES_SERVICE_CATALOG_FUNCTIONS_H_
#define PROTOGRES_SERVICE_CATALOG_FUNCTIONS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "catalog/catalog.h"
#include "catalog/reader.h"

namespace protogres::catalog {

// Sets `functions` to those for which `filter`, of kFunctionFilter, holds, in their order of the Catalog. The errors
// are those of `query`. Blocks.
absl::Status ReadFunctions(const Query& query, const std::string& filter, std::vector<Function>* functions);

}  // namespace protogres::catalog

#endif  // PROTOGRES_SERVICE_CATALOG_FUNCTIONS_H_
