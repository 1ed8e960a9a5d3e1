#include "crud/write_operation.h"

#include "status/macros.h"

namespace protogres::crud {
namespace {

// PostgreSQL checks deferred constraints at COMMIT, which a validate_only request never reaches.
constexpr char kCheckDeferred[] = "SET CONSTRAINTS ALL IMMEDIATE";

}  // namespace

absl::Status Finish(bool validate_only, db::Session& session) {
  if (!validate_only) return session.Commit();
  RETURN_IF_ERROR(session.Write(kCheckDeferred, {}).status());
  return session.Rollback();
}

}  // namespace protogres::crud
