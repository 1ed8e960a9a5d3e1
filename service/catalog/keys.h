// Finds what tells the rows of relations apart: keys, positions, and columns that are never NULL. A step of the catalog
// reader.
#ifndef PROTOGRES_SERVICE_CATALOG_KEYS_H_
#define PROTOGRES_SERVICE_CATALOG_KEYS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "catalog/catalog.h"
#include "catalog/reader.h"

namespace protogres::catalog {

// Sets `key`, `key_unique`, `distinct` and `positioned` of `relations`, and corrects `upsertable`, and `never_null` of
// their columns, which has what the column itself says. Marks the relations that have foreign tables below them
// (Sharding::kForeign), and sets their `shard_by`; those that Citus distributes must be marked already. A view has the
// `shard_by` of the tables whose columns it shows, where they are among the relations. `filter` is the condition on
// pg_class c that the relations meet. Views may read relations that are not among them. Runs four or five queries. The
// errors are those of `query`. Blocks.
absl::Status ReadKeys(const Query& query, const std::string& filter, std::vector<Relation>* relations);

}  // namespace protogres::catalog

#endif  // PROTOGRES_SERVICE_CATALOG_KEYS_H_
