#include "transaction/session_stream.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "status/status.h"
#include "transaction/transaction.h"

namespace protogres::transaction {
namespace {

constexpr std::size_t kMaxName = 63;  // NAMEDATALEN - 1: PostgreSQL would cut it

// What PostgreSQL calls the client's savepoint, so that no name that a client chooses is one of this server's own.
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

// No connection or transaction is left to go on with.
bool Ends(const absl::Status& status, const db::Session& session, const db::Cancellation& cancellation) {
  return !status.ok() && (session.lost() || !session.in_transaction() || !cancellation.Check().ok());
}

}  // namespace

SessionStream::Answer SessionStream::Handle(std::string_view bytes) {
  Request request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Over(status::BadRequest("", "the request is no protogres.v1.SessionRequest"));
  }
  if (request.request_case() == Request::kBegin) {
    if (session_) return Survived(OutOfOrder("begin: a transaction is open already; a stream is one transaction"));
    // Without a transaction there is nothing to go on with.
    if (auto begun = Begin(request.begin()); !begun.ok()) return Over(begun);
    return {Done(), std::nullopt};
  }
  if (request.request_case() == Request::REQUEST_NOT_SET) {
    const absl::Status status =
        status::BadRequest("request", "is required: begin, operation, savepoint, rollback_to, commit or rollback");
    return session_ ? Survived(status) : Over(status);
  }
  if (!session_) return Over(OutOfOrder("the first request must be begin"));
  switch (request.request_case()) {
    case Request::kOperation: {
      const auto response = Run(request.operation());
      if (!response.ok()) return Survived(response.status());
      return {response->SerializeAsString(), std::nullopt};
    }
    case Request::kSavepoint:
      if (auto saved = Save(request.savepoint()); !saved.ok()) return Survived(saved);
      return {Done(), std::nullopt};
    case Request::kRollbackTo:
      if (auto back = RollbackTo(request.rollback_to()); !back.ok()) return Survived(back);
      return {Done(), std::nullopt};
    case Request::kCommit:
      // The commit would roll back without a word.
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

absl::Status SessionStream::Begin(const protogres::v1::TransactionOptions& options) {
  const auto session_options = ToSessionOptions(options);
  if (!session_options.ok()) return status::Within("begin", session_options.status());
  auto session = db::Session::Open(pool_, cancellation_, *session_options);
  if (!session.ok()) return session.status();
  session_ = *std::move(session);
  return absl::OkStatus();
}

absl::StatusOr<SessionStream::Response> SessionStream::Run(const protogres::v1::Operation& operation) {
  if (aborted()) return AbortedTransaction();
  if (operation.bindings_size() > 0) {
    return status::BadRequest("operation.bindings", "are of Transact: here the client has the answers");
  }
  const auto method = MethodOf(api_, operation.request());
  if (!method.ok()) return status::Within("operation", method.status());
  const auto planned = PlanPart(**method, operation.request().value());
  if (!planned.ok()) return status::Within("operation", planned.status());
  const std::int64_t before = session_->affected();
  auto response = (*planned)->Execute(*session_);
  if (!response.ok()) {
    half_done_ = session_->affected() > before;
    return response.status();
  }
  Response answer;
  *answer.mutable_response() = ToAny(**method, *std::move(response));
  return answer;
}

absl::Status SessionStream::Save(const std::string& name) {
  if (aborted()) return AbortedTransaction();
  if (name.empty() || name.size() > kMaxName || name.find('\0') != std::string::npos) {
    return status::BadRequest("savepoint", fmt::format("needs a name of 1 to {} bytes", kMaxName));
  }
  if (auto saved = session_->Savepoint(SavepointName(savepoints_.size())); !saved.ok()) return saved;
  savepoints_.push_back(name);
  return absl::OkStatus();
}

absl::Status SessionStream::RollbackTo(const std::string& name) {
  // The latest of that name, as PostgreSQL has it.
  const auto found = std::find(savepoints_.rbegin(), savepoints_.rend(), name);
  if (found == savepoints_.rend()) {
    return status::BadRequest("rollback_to", "there is no savepoint of that name in this transaction");
  }
  const auto index = static_cast<std::size_t>(savepoints_.rend() - found) - 1;
  const auto back = session_->Write("ROLLBACK TO SAVEPOINT " + SavepointName(index), {});
  if (!back.ok()) return back.status();
  savepoints_.erase(found.base(), savepoints_.end());
  half_done_ = false;
  return absl::OkStatus();
}

SessionStream::Answer SessionStream::Survived(const absl::Status& status) {
  if (Ends(status, *session_, cancellation_)) return Over(status);
  Response response;
  auto* error = response.mutable_error();
  // google.rpc.Status has the same first three fields.
  if (!error->ParseFromString(status::DetailsOf(status))) error->Clear();
  error->set_code(static_cast<int>(status.code()));
  error->set_message(std::string(status.message()));
  error->set_aborted(aborted());
  return {response.SerializeAsString(), std::nullopt};
}

SessionStream::Answer SessionStream::Over(const absl::Status& status) {
  session_.reset();
  return {status.ok() ? Done() : "", status};
}

}  // namespace protogres::transaction
