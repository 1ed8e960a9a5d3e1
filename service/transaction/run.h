// One unary call, whole: what every Method has in common once it is planned.
#ifndef PROTOGRES_SERVICE_TRANSACTION_RUN_H_
#define PROTOGRES_SERVICE_TRANSACTION_RUN_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "api/api.h"
#include "crud/method.h"
#include "db/pool.h"
#include "db/session.h"

namespace protogres::transaction {

// Plan, a Session, Execute, Commit; with a request_id once for all that send it, with max_attempts again where it lost
// against another transaction. The answer is given only after the commit. Blocks; `cancellation` reaches the running
// statement. `method` is of `api`.
absl::StatusOr<std::string> Run(const api::Api& api, const crud::Method& method, std::string_view request,
                                db::Pool& pool, const db::Cancellation& cancellation);

}  // namespace protogres::transaction

#endif  // PROTOGRES_SERVICE_TRANSACTION_RUN_H_
