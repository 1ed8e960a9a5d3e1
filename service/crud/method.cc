#include "crud/method.h"

namespace protogres::crud {
namespace {

// Deferred constraints speak at COMMIT, which validate_only never reaches.
constexpr char kCheckDeferred[] = "SET CONSTRAINTS ALL IMMEDIATE";

absl::Status Finish(bool validate_only, db::Session& session) {
  if (!validate_only) return session.Commit();
  if (auto checked = session.Write(kCheckDeferred, {}); !checked.ok()) return checked.status();
  return session.Rollback();
}

}  // namespace

absl::StatusOr<std::string> Run(const Method& method, std::string_view request, db::Pool& pool,
                                const db::Cancellation& cancellation) {
  auto operation = method.Plan(request);
  if (!operation.ok()) return operation.status();
  const bool validate_only = (*operation)->validate_only();
  db::SessionOptions options = (*operation)->session();
  if (validate_only) options.transaction = db::Transaction::kExplicit;
  auto session = db::Session::Open(pool, cancellation, options);
  if (!session.ok()) return session.status();
  auto response = (*operation)->Execute(**session);
  if (!response.ok()) return response;
  if (auto finished = Finish(validate_only, **session); !finished.ok()) return finished;
  return response;
}

}  // namespace protogres::crud
