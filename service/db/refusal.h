// Opens connections, and says why PostgreSQL refuses one.
#ifndef PROTOGRES_SERVICE_DB_REFUSAL_H_
#define PROTOGRES_SERVICE_DB_REFUSAL_H_

#include <memory>

#include "absl/status/statusor.h"
#include "db/connection.h"
#include "db/link.h"

namespace protogres::db {

// Blocks. The errors are those of Connect.
absl::StatusOr<std::unique_ptr<Link>> OpenLink(const ConnectionOptions& options);

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_REFUSAL_H_
