// TransactionService: Transact and Session run the requests of any unary method of a table, as google.protobuf.Any, in
// a transaction that the caller asks for.
#ifndef PROTOGRES_SERVICE_TRANSACTION_TRANSACTION_H_
#define PROTOGRES_SERVICE_TRANSACTION_TRANSACTION_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "api/api.h"
#include "crud/method.h"
#include "db/session.h"
#include "google/protobuf/any.pb.h"
#include "protogres/v1/transaction.pb.h"

namespace protogres::transaction {

// The options of a Session that runs an explicit transaction. INVALID_ARGUMENT: the isolation is unknown, or the
// lock_timeout is not a time that PostgreSQL takes.
absl::StatusOr<db::SessionOptions> ToSessionOptions(const protogres::v1::TransactionOptions& options);

// The method of a table that `request` is a request of. INVALID_ARGUMENT: there is none.
absl::StatusOr<const crud::UnaryMethod*> MethodOf(const api::Api& api, const google::protobuf::Any& request);

// Plans one operation of a transaction by UnaryMethod::Plan. `request` must outlive the Operation. INVALID_ARGUMENT
// also where the request sets validate_only or request_id, which only the transaction as a whole can have.
absl::StatusOr<std::unique_ptr<crud::Operation>> PlanOperation(const crud::UnaryMethod& method,
                                                               std::string_view request);

// For what must be done again in another way. No value: nothing is done any more, and the transaction is a new one.
// Else the error with which it could not begin. Blocks.
std::optional<absl::StatusOr<std::string>> Restarted(db::Session& session);

// A `response` of `method` as google.protobuf.Any.
google::protobuf::Any ToAny(const crud::Method& method, std::string response);

// TransactionService/Transact and TransactionService/Session as Methods of `api`, which must outlive them.
std::unique_ptr<crud::Method> MakeTransact(const api::Api& api);
std::unique_ptr<crud::Method> MakeSession(const api::Api& api);

}  // namespace protogres::transaction

#endif  // PROTOGRES_SERVICE_TRANSACTION_TRANSACTION_H_
