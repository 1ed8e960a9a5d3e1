// Replay-safe writes (AIP-155): the requests that were answered, in a table of
// the database itself, written in the transaction of the request.
#ifndef PROTOGRES_SERVICE_TRANSACTION_REQUEST_LOG_H_
#define PROTOGRES_SERVICE_TRANSACTION_REQUEST_LOG_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/api.h"
#include "crud/method.h"
#include "db/pool.h"
#include "db/session.h"

namespace protogres::transaction {

// The schema that holds it, which is not served unless it is asked for.
inline constexpr char kRequestSchema[] = "protogres";

// Creates the schema and the table where they do not exist, and lets `role`
// use them (empty: only their owner). Blocks. The Pool's errors; PERMISSION_DENIED.
absl::Status Install(db::Pool& pool, const std::string& role);

// INVALID_ARGUMENT: a request_id that is too long, or has a NUL.
absl::Status CheckRequestId(std::string_view id);

// What tells two requests apart: a hash of the method and all that it says, the same
// however a client's library happened to write it down.
std::string RequestHash(const api::Api& api, const crud::UnaryMethod& method, std::string_view request);

// Claims `id` in the Session's open transaction, or gives the answer that it
// has been given before. Waits for another transaction that has claimed it.
// FAILED_PRECONDITION, reason REQUEST_ID_NOT_INSTALLED: there is no table.
// INVALID_ARGUMENT, reason REQUEST_ID_REUSED: it was another request's.
absl::StatusOr<std::optional<std::string>> ClaimRequest(db::Session& session, std::string_view id,
                                                        const std::string& hash, std::chrono::seconds ttl);

// Records the answer of a claimed request, to be committed with it.
absl::Status RecordAnswer(db::Session& session, std::string_view id, const std::string& answer);

// Deletes some of the records that are past their time; a few calls for each new record keep the table small. Outside
// a transaction. Errors are logged: the next call tries again.
void PurgeRequests(db::Session& session, std::chrono::seconds ttl);

}  // namespace protogres::transaction

#endif  // PROTOGRES_SERVICE_TRANSACTION_REQUEST_LOG_H_
