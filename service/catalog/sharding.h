// Which relations have their rows on several servers, and by which columns. Steps of the catalog reader.
#ifndef PROTOGRES_SERVICE_CATALOG_SHARDING_H_
#define PROTOGRES_SERVICE_CATALOG_SHARDING_H_

#include <vector>

#include "absl/status/status.h"
#include "catalog/catalog.h"
#include "catalog/reader.h"

namespace protogres::catalog {

// Fills `sharding` and `shard_by` of those of `relations` that Citus distributes. The database must have Citus. Errors
// of `query` are passed on. Blocks.
absl::Status ReadCitus(const Query& query, std::vector<Relation>* relations);

// Fills `shard_by` of those of `relations` that are Sharding::kForeign already: the columns that they and the
// partitions below them are partitioned by. Errors of `query` are passed on. Blocks.
absl::Status ReadPartitionColumns(const Query& query, std::vector<Relation>* relations);

}  // namespace protogres::catalog

#endif  // PROTOGRES_SERVICE_CATALOG_SHARDING_H_
