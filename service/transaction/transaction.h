// What Transact and Session have in common: operations of any derived method,
// as google.protobuf.Any, within a transaction of the caller's.
#ifndef PROTOGRES_SERVICE_TRANSACTION_TRANSACTION_H_
#define PROTOGRES_SERVICE_TRANSACTION_TRANSACTION_H_

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "api/api.h"
#include "crud/method.h"
#include "db/session.h"
#include "google/protobuf/any.pb.h"
#include "protogres/v1/transaction.pb.h"

namespace protogres::transaction {

inline constexpr char kTransactPath[] = "/protogres.v1.TransactionService/Transact";
inline constexpr char kSessionPath[] = "/protogres.v1.TransactionService/Session";

// Always an explicit transaction. INVALID_ARGUMENT: an unknown isolation, a lock_timeout that is none.
absl::StatusOr<db::SessionOptions> ToSessionOptions(const protogres::v1::TransactionOptions& options);

// The method whose request `request` is. INVALID_ARGUMENT: there is none.
absl::StatusOr<const crud::Method*> MethodOf(const api::Api& api, const google::protobuf::Any& request);

// Method::Plan of a part of a transaction, which must not set what only the whole can: validate_only, request_id.
// `request` must outlive the Operation.
absl::StatusOr<std::unique_ptr<crud::Operation>> PlanPart(const crud::Method& method, std::string_view request);

// `response` as an answer of `method`.
google::protobuf::Any ToAny(const crud::Method& method, std::string response);

// Transact as a Method of `api`, which must outlive it.
std::unique_ptr<crud::Method> MakeTransact(const api::Api& api);

}  // namespace protogres::transaction

#endif  // PROTOGRES_SERVICE_TRANSACTION_TRANSACTION_H_
