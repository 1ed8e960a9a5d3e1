// One call of a unary method, blocking and as a coroutine, with its attempts.
#ifndef PROTOGRES_INTERNAL_UNARY_H_
#define PROTOGRES_INTERNAL_UNARY_H_

#include <functional>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "grpcpp/client_context.h"
#include "protogres/error.h"
#include "protogres/internal/attempts.h"
#include "protogres/internal/connection.h"
#include "protogres/internal/resumption.h"
#include "protogres/table.h"
#include "protogres/task.h"

namespace protogres::internal {

// A random id, as UUIDs are written.
std::string NewRequestId();

template <class Request>
concept TakesRequestId = requires(Request request) {
  request.set_request_id(std::string());
};

// Whether a request may be sent again.
template <class Method>
bool Repeatable(const RequestOf<Method>& request) {
  if constexpr (!Method::kWrite) return true;
  if constexpr (TakesRequestId<RequestOf<Method>>) return !request.request_id().empty();
  return false;
}

// Whether a write without an id must be given one.
template <class Method>
bool WantsRequestId(const CallOptions& call, const RequestOf<Method>& request) {
  if constexpr (Method::kWrite && TakesRequestId<RequestOf<Method>>)
    return call.make_request_id && request.request_id().empty();
  return false;
}

template <class Method>
RequestOf<Method> WithRequestId(RequestOf<Method> request) {
  if constexpr (TakesRequestId<RequestOf<Method>>) request.set_request_id(NewRequestId());
  return request;
}

// What another attempt may not meet. A commit in doubt is settled by sending the request with its id again.
template <class Method>
bool WorthAnother(const absl::Status& status, std::optional<absl::Duration> pushback) {
  return Transient(status, pushback) || (Method::kWrite && Error(status).reason() == kCommitInDoubt);
}

// Blocks until the answer, the last attempt's error, or the deadline.
template <class Method>
absl::StatusOr<ResponseOf<Method>> Unary(const std::shared_ptr<Connection>& connection, const CallOptions& call,
                                         const RequestOf<Method>& request) {
  using Stub = typename Method::Service::Stub;
  if (WantsRequestId<Method>(call, request)) return Unary<Method>(connection, call, WithRequestId<Method>(request));
  Stub* stub = connection->template stub<typename Method::Service>();
  const absl::Time deadline = connection->Deadline(call);
  std::optional<Attempts> attempts;
  absl::StatusOr<ResponseOf<Method>> result(absl::in_place);
  while (true) {
    grpc::ClientContext context;
    if (absl::Status status = connection->Prepare(call, deadline, &context); !status.ok()) return status;
    const StopCall stop(call.stop, &context);
    const grpc::Status status = (stub->*Method::template Pointer<Stub>())(&context, request, &*result);
    if (status.ok()) return result;
    const absl::Status error = ToStatus(status);
    const auto pushback = Pushback(context);
    if (!Repeatable<Method>(request) || !WorthAnother<Method>(error, pushback)) return error;
    if (!attempts.has_value()) attempts.emplace(connection->options().retry, deadline);
    const auto wait = attempts->Next(error, pushback);
    if (!wait.has_value() || !Sleep(*wait, call.stop)) return error;
    result->Clear();
  }
}

// co_await Timer(...): the time, or until `stop`.
Task<bool> SleepTask(Executor executor, absl::Duration duration, std::stop_token stop);

// One attempt in flight: held by gRPC's callback, so that it outlives whoever waits.
template <class Method>
struct Attempt {
  std::shared_ptr<Connection> connection;
  std::shared_ptr<const RequestOf<Method>> request;
  ResponseOf<Method> response;
  grpc::ClientContext context;  // gone before the connection
};

template <class Method>
void BeginAttempt(const std::shared_ptr<Attempt<Method>>& attempt, std::function<void(grpc::Status)> done) {
  Method::Start(attempt->connection->template async_stub<typename Method::Service>(), &attempt->context,
                attempt->request.get(), &attempt->response,
                // The function is called with the answer in place.
                std::function<void(grpc::Status)>(
                    [attempt, done = std::move(done)](grpc::Status status) { done(std::move(status)); }));
}

// All by value: the coroutine begins when it is awaited, when what made it may be gone.
template <class Method>
Task<absl::StatusOr<ResponseOf<Method>>> UnaryTask(std::shared_ptr<Connection> connection, CallOptions call,
                                                   Executor executor, RequestOf<Method> message) {
  if (WantsRequestId<Method>(call, message)) message = WithRequestId<Method>(std::move(message));
  const auto request = std::make_shared<const RequestOf<Method>>(std::move(message));
  const absl::Time deadline = connection->Deadline(call);
  Attempts attempts(connection->options().retry, deadline);
  while (true) {
    const auto attempt = std::make_shared<Attempt<Method>>();
    attempt->connection = connection;
    attempt->request = request;
    if (absl::Status status = connection->Prepare(call, deadline, &attempt->context); !status.ok()) co_return status;
    const StopCall stop(call.stop, &attempt->context);
    Callback<grpc::Status> answer(
        executor, [attempt](std::function<void(grpc::Status)> done) { BeginAttempt<Method>(attempt, std::move(done)); },
        [attempt] { attempt->context.TryCancel(); });
    const grpc::Status status = co_await answer;
    if (status.ok()) co_return std::move(attempt->response);
    absl::Status error = ToStatus(status);
    const auto pushback = Pushback(attempt->context);
    if (!Repeatable<Method>(*request) || !WorthAnother<Method>(error, pushback)) co_return error;
    const auto wait = attempts.Next(error, pushback);
    if (!wait.has_value()) co_return error;
    Task<bool> sleep = SleepTask(executor, *wait, call.stop);
    const bool slept = co_await sleep;
    if (!slept) co_return error;
  }
}

}  // namespace protogres::internal

#endif  // PROTOGRES_INTERNAL_UNARY_H_
