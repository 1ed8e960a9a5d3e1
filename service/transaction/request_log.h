// Writes that may be sent again (AIP-155): a table of the database records the requests and their answers, in the
// transaction of the request itself.
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

// The schema of that table. It is not served unless an option names it.
inline constexpr char kRequestSchema[] = "protogres";

// Creates the schema and the table unless they exist, and lets `role` use them (empty: only their owner may). Blocks.
// The errors of the Pool; PERMISSION_DENIED.
absl::Status Install(db::Pool& pool, const std::string& role);

// INVALID_ARGUMENT: the request_id is too long, or contains a NUL.
absl::Status CheckRequestId(std::string_view id);

// A hash of the method, of everything that the request says, and of who sends it (db::Caller::fingerprint), by which
// two requests are told apart. It does not depend on how the library of a client has encoded the message.
std::string RequestHash(const api::Api& api, const crud::UnaryMethod& method, std::string_view request,
                        std::string_view caller);

// Claims `id` in the open transaction of the Session, or returns the answer that is recorded for it. Waits for another
// transaction that has claimed it. FAILED_PRECONDITION, reason REQUEST_ID_NOT_INSTALLED: there is no table.
// INVALID_ARGUMENT, reason REQUEST_ID_REUSED: the id was used for another request.
absl::StatusOr<std::optional<std::string>> ClaimRequest(db::Session& session, std::string_view id,
                                                        const std::string& hash, std::chrono::seconds ttl);

// The statement that claims an `id` that was never used, so that it can be sent together with what the request does. It
// fails if the id was used, even if that is past its time.
db::Statement FirstClaim(std::string_view id, const std::string& hash);
// The same, before RecordingKept.
db::Statement FirstClaimKeeping(std::string_view id, const std::string& hash);
// Whether FirstClaim failed since the id was used, so that ClaimRequest has to see by whom. It must run in another
// transaction.
bool WasUsed(const absl::Status& error);
// The error of FirstClaim, or of another statement on the table, in words of what the caller asked for.
absl::Status TableError(const absl::Status& error);

// The statement that records the answer of a claimed request. Nothing that the statements of the request have left in
// the session changes what it does.
db::Statement Recording(std::string_view id, const std::string& answer);

// The statement that records the row which the statement before it has kept (crud/at_once.h), where the answer's bytes
// are not known yet. `shape` is Operation::row_shape. An error of crud::MaySucceedWithout: the row is lost.
db::Statement RecordingKept(std::string_view id, std::string_view shape);
// What ClaimRequest returns is then not the answer, but that shape and the row: no value where it is the answer. The
// view is into `recorded`.
std::optional<std::string_view> KeptRowOf(std::string_view recorded);

// Deletes some of the records that are past their time. Called now and then, this keeps the table small. No transaction
// may be open. Errors are logged, and the next call tries again.
void PurgeRequests(db::Session& session, std::chrono::seconds ttl);

}  // namespace protogres::transaction

#endif  // PROTOGRES_SERVICE_TRANSACTION_REQUEST_LOG_H_
