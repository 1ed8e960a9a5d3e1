// TransactionService/Session: one open transaction, request by request. Knows
// no gRPC: whoever carries the stream gives it the requests and sends the answers.
#ifndef PROTOGRES_SERVICE_TRANSACTION_SESSION_STREAM_H_
#define PROTOGRES_SERVICE_TRANSACTION_SESSION_STREAM_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "api/api.h"
#include "db/pool.h"
#include "db/session.h"
#include "protogres/v1/transaction.pb.h"

namespace protogres::transaction {

// For one thread at a time. Rolls back when it goes out of scope.
class SessionStream {
 public:
  // They must all outlive it.
  SessionStream(const api::Api& api, db::Pool& pool, const db::Cancellation& cancellation)
      : api_(api), pool_(pool), cancellation_(cancellation) {}

  struct Answer {
    std::string message;              // to be sent, unless it is empty
    std::optional<absl::Status> end;  // the stream is over with it, after the message
  };

  // Handles one SessionRequest. Blocks.
  Answer Handle(std::string_view request);

  // A transaction is open.
  bool open() const { return session_ != nullptr; }

 private:
  using Request = protogres::v1::SessionRequest;
  using Response = protogres::v1::SessionResponse;

  absl::Status Begin(const protogres::v1::TransactionOptions& options);
  absl::StatusOr<Response> Run(const protogres::v1::Operation& operation);
  absl::Status Save(const std::string& name);
  absl::Status RollbackTo(const std::string& name);
  // `status` of a request that the transaction may survive.
  Answer Survived(const absl::Status& status);
  // The transaction is over.
  Answer Over(const absl::Status& status);
  bool aborted() const { return session_ && (half_done_ || session_->aborted()); }

  const api::Api& api_;
  db::Pool& pool_;
  const db::Cancellation& cancellation_;
  std::unique_ptr<db::Session> session_;
  std::vector<std::string> savepoints_;
  bool half_done_ = false;  // an operation failed that had written something
};

}  // namespace protogres::transaction

#endif  // PROTOGRES_SERVICE_TRANSACTION_SESSION_STREAM_H_
