// The stream of one transaction: protogres.v1.TransactionService/Session.
#ifndef PROTOGRES_INTERNAL_SESSION_H_
#define PROTOGRES_INTERNAL_SESSION_H_

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "absl/status/statusor.h"
#include "google/protobuf/any.pb.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/client_callback.h"
#include "protogres/internal/connection.h"
#include "protogres/v1/transaction.pb.h"

namespace protogres::internal {

// One request at a time, each with one answer. It lives for as long as somebody holds it or gRPC works for it.
// Thread-safe.
class Session : private grpc::ClientBidiReactor<v1::SessionRequest, v1::SessionResponse> {
 public:
  using Answer = std::function<void(absl::StatusOr<v1::SessionResponse>)>;

  // Begins the call, and does not block; `begin` is the first request to be asked. The token's error, or CANCELLED.
  static absl::StatusOr<std::shared_ptr<Session>> Open(std::shared_ptr<Connection> connection, const CallOptions& call);

  // Sends a request. `answer` is called once, on any thread, perhaps before this returns. An error means that the
  // session has ended, or FAILED_PRECONDITION: another request waits for its answer.
  void Ask(v1::SessionRequest request, Answer answer);
  // The same, and blocks.
  absl::StatusOr<v1::SessionResponse> Ask(v1::SessionRequest request);

  // Ends the session, if it has not ended: what is not committed is rolled back. Does not block.
  void Close();
  // Says that there are no more requests, after the answer to commit or rollback. Does not block.
  void Finish();

  absl::Time deadline() const { return deadline_; }
  // Whether an operation's error has left the transaction fit for nothing but RollbackTo and Rollback.
  bool aborted() const;
  // Whether a commit was sent, so that its outcome may be in doubt.
  bool commit_sent() const;

 private:
  Session(std::shared_ptr<Connection> connection, absl::Time deadline);
  void OnWriteDone(bool ok) override;
  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;
  // Gives the answer to whoever waits, once gRPC is done with the exchange.
  void Deliver();
  void Release();

  const std::shared_ptr<Connection> connection_;
  const absl::Time deadline_;
  grpc::ClientContext context_;
  std::optional<StopCall> stop_;
  v1::SessionRequest request_;    // what gRPC writes while writing_
  v1::SessionResponse response_;  // what gRPC reads into: always, so that an end is noticed between two requests

  mutable std::mutex mutex_;
  std::shared_ptr<Session> self_;  // until OnDone
  Answer waiting_;
  std::optional<v1::SessionResponse> answer_;  // for waiting_
  bool writing_ = false;
  bool released_ = false;  // gRPC may end the call
  bool finished_ = false;  // the server will end it
  bool aborted_ = false;
  bool commit_sent_ = false;
  std::optional<absl::Status> end_;
};

// What an answer says: the operation's message, or its error. `what` was asked for with a done as the answer.
absl::StatusOr<google::protobuf::Any> Operated(absl::StatusOr<v1::SessionResponse> answer);
absl::Status Done(const absl::StatusOr<v1::SessionResponse>& answer);

// The requests of a session.
v1::SessionRequest OperationRequest(const google::protobuf::Message& request);
v1::SessionRequest SavepointRequest(const std::string& name);
v1::SessionRequest RollbackToRequest(const std::string& name);
v1::SessionRequest CommitRequest();
v1::SessionRequest RollbackRequest();

// What became of a commit that was sent: an error of the server's, which is certain, or of the network:
// COMMIT_IN_DOUBT.
absl::Status Committed(const Session& session, const absl::StatusOr<v1::SessionResponse>& answer);

// The message of an operation's answer. INTERNAL: it is of another type.
template <class Response>
absl::StatusOr<Response> Unpack(absl::StatusOr<google::protobuf::Any> any) {
  if (!any.ok()) return any.status();
  absl::StatusOr<Response> response(absl::in_place);
  if (!any->UnpackTo(&*response)) return absl::InternalError("the operation was answered by a " + any->type_url());
  return response;
}

}  // namespace protogres::internal

#endif  // PROTOGRES_INTERNAL_SESSION_H_
