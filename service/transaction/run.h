// Runs a whole unary call: the steps that every UnaryMethod has in common.
#ifndef PROTOGRES_SERVICE_TRANSACTION_RUN_H_
#define PROTOGRES_SERVICE_TRANSACTION_RUN_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "api/api.h"
#include "crud/method.h"
#include "db/caller.h"

namespace protogres::transaction {

// Plans the request, opens a Session, executes the Operation and commits; only then it returns the response. A request
// with a request_id is executed once, however often it is sent. A request with max_attempts is executed again if it
// lost against another transaction. `method` belongs to `api`. Blocks; the Cancellation also ends the running
// statement.
absl::StatusOr<std::string> Run(const api::Api& api, const crud::UnaryMethod& method, std::string_view request,
                                const db::Access& access);

}  // namespace protogres::transaction

#endif  // PROTOGRES_SERVICE_TRANSACTION_RUN_H_
