// Reads the Catalog from pg_catalog through a query function, so that it needs
// no PostgreSQL library. It knows nothing of the Contract.
#ifndef PROTOGRES_SERVICE_CATALOG_READER_H_
#define PROTOGRES_SERVICE_CATALOG_READER_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "catalog/catalog.h"

namespace protogres::catalog {

// A row of cells in PostgreSQL's text form. No value: NULL.
using TextRow = std::vector<std::optional<std::string>>;
using Query = std::function<absl::StatusOr<std::vector<TextRow>>(const std::string& sql)>;

// Reads all relations of `schemas` (empty: every schema except those of the system and `protogres`), and every type
// that their columns reach. `query` must run all statements in one repeatable-read transaction, so that what is read is
// of one moment. The number of queries does not depend on that of the relations. Blocks.
//
// Partitions are left out: their rows are reached through the partitioned table.
// FAILED_PRECONDITION: a named schema does not exist, or PostgreSQL is older
// than 13. Errors of `query` are passed on.
absl::StatusOr<Catalog> Read(const Query& query, const std::vector<std::string>& schemas);

}  // namespace protogres::catalog

#endif  // PROTOGRES_SERVICE_CATALOG_READER_H_
