// TransactionService/Session: one open transaction, request by request.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/api.h"
#include "crud/streaming.h"
#include "fmt/format.h"
#include "protogres/v1/transaction.pb.h"
#include "status/macros.h"
#include "status/status.h"
#include "transaction/transaction.h"

namespace protogres::transaction {
namespace {

// Each costs memory, here and in PostgreSQL, which also keeps a lock for each in which something was written.
constexpr std::size_t kMaxSavepoints = 1000;
constexpr std::size_t kMaxName = 63;  // NAMEDATALEN - 1: PostgreSQL cuts longer names

// The name by which PostgreSQL knows the client's savepoint. So no name that a client chooses can be the name of a
// savepoint that this server makes for itself.
std::string SavepointName(std::size_t index) { return fmt::format("protogres_client_{}", index); }

std::string Done() {
  protogres::v1::SessionResponse response;
  response.mutable_done();
  return response.SerializeAsString();
}

absl::Status OutOfOrder(const std::string& what) {
  return status::Error(absl::StatusCode::kFailedPrecondition, what, status::kOutOfOrder);
}

absl::Status AbortedTransaction() {
  return status::Error(absl::StatusCode::kFailedPrecondition,
                       "an earlier error has ended the transaction: roll back, or back to a savepoint",
                       status::kTransactionAborted);
}

// True: the error has left neither a connection nor a transaction with which the call could go on.
bool Ends(const absl::Status& status, const db::Session& session, const db::Cancellation& cancellation) {
  return !status.ok() && (session.lost() || !session.in_transaction() || !cancellation.Check().ok());
}

class TransactionStream final : public crud::SessionStream {
 public:
  TransactionStream(const api::Api& api, const db::Access& access) : api_(api), access_(access) {}

  Answer Handle(std::string_view request) override;
  bool open() const override { return session_ != nullptr; }

 private:
  using Request = protogres::v1::SessionRequest;
  using Response = protogres::v1::SessionResponse;

  absl::Status Begin(const protogres::v1::TransactionOptions& options);
  absl::StatusOr<Response> Run(const protogres::v1::Operation& operation);
  absl::Status Save(const std::string& name);
  absl::Status RollbackTo(const std::string& name);
  // The answer to a request that ended with `status`: a message without content, or Failed.
  Answer DoneOr(const absl::Status& status);
  // The answer to a request that failed with `status`. The transaction may go on.
  Answer Failed(const absl::Status& status);
  // Ends the transaction and the call.
  Answer Over(const absl::Status& status);
  bool aborted() const { return session_ && (half_done_ || session_->aborted()); }

  const api::Api& api_;
  const db::Access& access_;
  std::unique_ptr<db::Session> session_;
  std::vector<std::string> savepoints_;
  bool half_done_ = false;  // an operation failed after it had written something
};

TransactionStream::Answer TransactionStream::Handle(std::string_view bytes) {
  Request request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Over(status::BadRequest("", "the request is no protogres.v1.SessionRequest"));
  }
  if (request.request_case() == Request::kBegin) {
    if (session_) return Failed(OutOfOrder("begin: a transaction is open already; a stream is one transaction"));
    // Without a transaction there is nothing to go on with.
    if (auto begun = Begin(request.begin()); !begun.ok()) return Over(begun);
    return {Done(), std::nullopt};
  }
  if (request.request_case() == Request::REQUEST_NOT_SET) {
    const absl::Status status =
        status::BadRequest("request", "is required: begin, operation, savepoint, rollback_to, commit or rollback");
    return session_ ? Failed(status) : Over(status);
  }
  if (!session_) return Over(OutOfOrder("the first request must be begin"));
  switch (request.request_case()) {
    case Request::kOperation: {
      const auto response = Run(request.operation());
      if (!response.ok()) return Failed(response.status());
      return {response->SerializeAsString(), std::nullopt};
    }
    case Request::kSavepoint:
      return DoneOr(Save(request.savepoint()));
    case Request::kRollbackTo:
      return DoneOr(RollbackTo(request.rollback_to()));
    case Request::kCommit:
      // PostgreSQL would answer the COMMIT with a rollback and no error.
      if (aborted()) return Over(AbortedTransaction());
      return Over(session_->Commit());
    case Request::kRollback:
      return Over(session_->Rollback());
    case Request::kBegin:
    case Request::REQUEST_NOT_SET:
      break;
  }
  return Over(absl::InternalError("an unknown request"));
}

absl::Status TransactionStream::Begin(const protogres::v1::TransactionOptions& options) {
  auto session_options = ToSessionOptions(options);
  if (!session_options.ok()) return status::Within("begin", session_options.status());
  // The client is told that the transaction is open.
  session_options->begin_at_once = true;
  ASSIGN_OR_RETURN(session_, access_.Open(*session_options));
  return absl::OkStatus();
}

absl::StatusOr<TransactionStream::Response> TransactionStream::Run(const protogres::v1::Operation& operation) {
  if (aborted()) return AbortedTransaction();
  if (operation.bindings_size() > 0) {
    return status::BadRequest("operation.bindings", "are of Transact: here the client has the answers");
  }
  const auto method = MethodOf(api_, operation.request());
  if (!method.ok()) return status::Within("operation", method.status());
  const auto planned = PlanOperation(**method, operation.request().value());
  if (!planned.ok()) return status::Within("operation", planned.status());
  const std::int64_t before = session_->affected();
  auto response = (*planned)->Execute(*session_);
  if (!response.ok()) {
    // A trigger that keeps a row from being stored, so that others cannot refer to it, may have written something else.
    const bool kept_out = status::ReasonOf(response.status()) == status::kForeignKeyViolation;
    half_done_ = kept_out || session_->affected() > before;
    return response.status();
  }
  Response answer;
  *answer.mutable_response() = ToAny(**method, *std::move(response));
  return answer;
}

absl::Status TransactionStream::Save(const std::string& name) {
  if (aborted()) return AbortedTransaction();
  if (name.empty() || name.size() > kMaxName || name.find('\0') != std::string::npos) {
    return status::BadRequest("savepoint", fmt::format("needs a name of 1 to {} bytes", kMaxName));
  }
  if (savepoints_.size() >= kMaxSavepoints) {
    return status::BadRequest("savepoint",
                              fmt::format("{} savepoints are open already, which is the most there may be; "
                                          "rollback_to one of them ends those after it",
                                          kMaxSavepoints));
  }
  RETURN_IF_ERROR(session_->Savepoint(SavepointName(savepoints_.size())));
  savepoints_.push_back(name);
  return absl::OkStatus();
}

absl::Status TransactionStream::RollbackTo(const std::string& name) {
  // Of several savepoints with this name it is the latest, as in PostgreSQL.
  const auto found = std::find(savepoints_.rbegin(), savepoints_.rend(), name);
  if (found == savepoints_.rend()) {
    return status::BadRequest("rollback_to", "there is no savepoint of that name in this transaction");
  }
  const auto index = static_cast<std::size_t>(savepoints_.rend() - found) - 1;
  RETURN_IF_ERROR(session_->Write("ROLLBACK TO SAVEPOINT " + SavepointName(index), {}).status());
  savepoints_.erase(found.base(), savepoints_.end());
  half_done_ = false;
  return absl::OkStatus();
}

TransactionStream::Answer TransactionStream::DoneOr(const absl::Status& status) {
  if (!status.ok()) return Failed(status);
  return {Done(), std::nullopt};
}

TransactionStream::Answer TransactionStream::Failed(const absl::Status& status) {
  if (Ends(status, *session_, access_.cancellation)) return Over(status);
  Response response;
  auto* error = response.mutable_error();
  // google.rpc.Status has the same first three fields.
  if (!error->ParseFromString(status::DetailsOf(status))) error->Clear();
  error->set_code(static_cast<int>(status.code()));
  error->set_message(std::string(status.message()));
  error->set_aborted(aborted());
  return {response.SerializeAsString(), std::nullopt, status};
}

TransactionStream::Answer TransactionStream::Over(const absl::Status& status) {
  session_.reset();
  return {status.ok() ? Done() : "", status};
}

class TransactionSession final : public crud::SessionMethod {
 public:
  explicit TransactionSession(const api::Api& api)
      : SessionMethod({.path = "/protogres.v1.TransactionService/Session",
                       .request = "protogres.v1.SessionRequest",
                       .response = "protogres.v1.SessionResponse"}),
        api_(api) {}

  std::unique_ptr<crud::SessionStream> Open(const db::Access& access) const override {
    return std::make_unique<TransactionStream>(api_, access);
  }

 private:
  const api::Api& api_;
};

}  // namespace

std::unique_ptr<crud::Method> MakeSession(const api::Api& api) { return std::make_unique<TransactionSession>(api); }

}  // namespace protogres::transaction
