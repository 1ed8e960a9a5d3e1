// What tells the rows of relations apart: keys, positions, which columns are never NULL. A step of the catalog reader.
#ifndef PROTOGRES_SERVICE_CATALOG_KEYS_H_
#define PROTOGRES_SERVICE_CATALOG_KEYS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "catalog/catalog.h"
#include "catalog/reader.h"

namespace protogres::catalog {

// Fills `key`, `key_unique`, `upsertable`, `distinct` and `positioned` of `relations`, and their columns' `never_null`,
// which stands at what the column itself says. It tells those that have foreign tables below them (Sharding::kForeign);
// what Citus distributes must be told already. `filter` is the condition on pg_class c that they meet. Views may stand
// on relations that are not among them. Four queries. Errors of `query` are passed on. Blocks.
absl::Status ReadKeys(const Query& query, const std::string& filter, std::vector<Relation>* relations);

}  // namespace protogres::catalog

#endif  // PROTOGRES_SERVICE_CATALOG_KEYS_H_
