// Finds out which relations have their rows on several servers, and by which columns. Steps of the catalog reader.
#ifndef PROTOGRES_SERVICE_CATALOG_SHARDING_H_
#define PROTOGRES_SERVICE_CATALOG_SHARDING_H_

#include <vector>

#include "absl/status/status.h"
#include "catalog/catalog.h"
#include "catalog/reader.h"

namespace protogres::catalog {

// Sets `sharding` and `shard_by` of the relations that Citus distributes. The database must have Citus. The errors are
// those of `query`. Blocks.
absl::Status ReadCitus(const Query& query, std::vector<Relation>* relations);

// Sets `shard_by` of the relations that are Sharding::kForeign already: the columns by which they and the partitions
// below them are partitioned. The errors are those of `query`. Blocks.
absl::Status ReadPartitionColumns(const Query& query, std::vector<Relation>* relations);

}  // namespace protogres::catalog

#endif  // PROTOGRES_SERVICE_CATALOG_SHARDING_H_
