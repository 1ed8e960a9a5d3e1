// Reads the foreign keys between relations that were read. See reader.h.
#ifndef PROTOGRES_SERVICE_CATALOG_FOREIGN_KEYS_H_
#define PROTOGRES_SERVICE_CATALOG_FOREIGN_KEYS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "catalog/catalog.h"
#include "catalog/reader.h"

namespace protogres::catalog {

// Sets `foreign_keys` of `relations`: those whose both ends are among them. `filter` is the condition on pg_class c
// that the relations meet, `server_version` that of the Catalog. One query, whose errors are returned. Blocks.
absl::Status ReadForeignKeys(const Query& query, const std::string& filter, int server_version,
                             std::vector<Relation>* relations);

}  // namespace protogres::catalog

#endif  // PROTOGRES_SERVICE_CATALOG_FOREIGN_KEYS_H_
