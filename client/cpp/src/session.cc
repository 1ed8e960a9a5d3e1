#include "protogres/internal/session.h"

#include <utility>

#include "absl/time/clock.h"
#include "protogres/error.h"
#include "protogres/internal/status.h"
#include "protogres/task.h"
#include "protogres/v1/transaction.grpc.pb.h"

namespace protogres::internal {

Session::Session(std::shared_ptr<Connection> connection, absl::Time deadline)
    : connection_(std::move(connection)), deadline_(deadline) {}

absl::StatusOr<std::shared_ptr<Session>> Session::Open(std::shared_ptr<Connection> connection,
                                                       const CallOptions& call) {
  const absl::Time deadline = absl::Now() + call.timeout.value_or(connection->options().transaction_timeout);
  std::shared_ptr<Session> session(new Session(connection, deadline));
  if (absl::Status status = connection->Prepare(call, deadline, &session->context_); !status.ok()) return status;
  session->self_ = session;
  connection->async_stub<v1::TransactionService>()->Session(&session->context_, session.get());
  // The call may not end under a request that is just being sent.
  session->AddHold();
  session->StartRead(&session->response_);
  session->StartCall();
  session->stop_.emplace(call.stop, &session->context_);
  return session;
}

void Session::Ask(v1::SessionRequest request, Answer answer) {
  std::optional<absl::Status> refusal;
  {
    std::lock_guard lock(mutex_);
    if (waiting_) {
      refusal =
          absl::FailedPreconditionError("a transaction takes one request at a time, and the last one has no answer");
    } else if (end_.has_value()) {
      refusal = *end_;
    } else {
      waiting_ = std::move(answer);
      if (released_) return;  // OnDone will say why it ends
      commit_sent_ = commit_sent_ || request.has_commit();
      request_ = std::move(request);
      writing_ = true;
      AddHold();
    }
  }
  if (refusal.has_value()) return answer(*refusal);
  StartWrite(&request_);
  RemoveHold();
}

absl::StatusOr<v1::SessionResponse> Session::Ask(v1::SessionRequest request) {
  const auto result = std::make_shared<Result<absl::StatusOr<v1::SessionResponse>>>();
  Ask(std::move(request), [result](absl::StatusOr<v1::SessionResponse> answer) {
    std::lock_guard lock(result->mutex);
    result->value.emplace(std::move(answer));
    result->done = true;
    result->ready.notify_all();
  });
  std::unique_lock lock(result->mutex);
  result->ready.wait(lock, [&] { return result->done; });
  return std::move(*result->value);
}

void Session::OnWriteDone(bool ok) {
  if (!ok) return;  // the read ends, too
  {
    std::lock_guard lock(mutex_);
    writing_ = false;
  }
  Deliver();
}

void Session::OnReadDone(bool ok) {
  // The stream's status says why: OnDone gives it to whoever waits.
  if (!ok) return Release();
  {
    std::lock_guard lock(mutex_);
    answer_ = std::move(response_);
  }
  StartRead(&response_);
  Deliver();
}

void Session::Deliver() {
  Answer answer;
  absl::StatusOr<v1::SessionResponse> response(absl::in_place);
  {
    std::lock_guard lock(mutex_);
    if (writing_ || !answer_.has_value() || !waiting_) return;
    answer = std::exchange(waiting_, nullptr);
    *response = *std::move(answer_);
    answer_.reset();
    aborted_ = response->has_error() ? response->error().aborted() : aborted_ && !request_.has_rollback_to();
  }
  answer(std::move(response));
}

void Session::OnDone(const grpc::Status& status) {
  Answer answer;
  std::shared_ptr<Session> last;
  absl::Status end = ToStatus(status);
  if (end.ok()) end = absl::FailedPreconditionError("the transaction is over");
  {
    std::lock_guard lock(mutex_);
    // An answer that came is one, even if gRPC never said that its request was sent.
    writing_ = false;
  }
  Deliver();
  {
    std::lock_guard lock(mutex_);
    end_ = end;
    answer = std::exchange(waiting_, nullptr);
    last = std::move(self_);
  }
  if (answer) answer(end);
}

void Session::Close() {
  {
    std::lock_guard lock(mutex_);
    // What is committed or rolled back ends by itself: the server would count it as cancelled.
    if (end_.has_value() || finished_) return;
  }
  context_.TryCancel();
  Release();
}

void Session::Finish() {
  {
    std::lock_guard lock(mutex_);
    if (released_) return;
    finished_ = true;
    AddHold();
  }
  StartWritesDone();
  RemoveHold();
  Release();
}

void Session::Release() {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(released_, true)) return;
  }
  RemoveHold();
}

bool Session::aborted() const {
  std::lock_guard lock(mutex_);
  return aborted_;
}

bool Session::commit_sent() const {
  std::lock_guard lock(mutex_);
  return commit_sent_;
}

absl::StatusOr<google::protobuf::Any> Operated(absl::StatusOr<v1::SessionResponse> answer) {
  if (!answer.ok()) return answer.status();
  if (answer->has_error()) {
    absl::Status status(static_cast<absl::StatusCode>(answer->error().code()), answer->error().message());
    AddDetails(answer->error().details(), &status);
    return status;
  }
  return std::move(*answer->mutable_response());
}

absl::Status Done(const absl::StatusOr<v1::SessionResponse>& answer) {
  return answer.ok() && answer->has_done() ? absl::OkStatus() : Operated(answer).status();
}

absl::Status Committed(const Session& session, const absl::StatusOr<v1::SessionResponse>& answer) {
  absl::Status status = Done(answer);
  // What the server tells is certain, and so is that nothing was sent.
  if (status.ok() || answer.ok() || !Error(status).reason().empty() || !session.commit_sent()) return status;
  return InDoubt(status);
}

v1::SessionRequest OperationRequest(const google::protobuf::Message& request) {
  v1::SessionRequest result;
  result.mutable_operation()->mutable_request()->PackFrom(request);
  return result;
}

v1::SessionRequest SavepointRequest(const std::string& name) {
  v1::SessionRequest request;
  request.set_savepoint(name);
  return request;
}

v1::SessionRequest RollbackToRequest(const std::string& name) {
  v1::SessionRequest request;
  request.set_rollback_to(name);
  return request;
}

v1::SessionRequest CommitRequest() {
  v1::SessionRequest request;
  request.mutable_commit();
  return request;
}

v1::SessionRequest RollbackRequest() {
  v1::SessionRequest request;
  request.mutable_rollback();
  return request;
}

}  // namespace protogres::internal
