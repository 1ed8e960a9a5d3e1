#include "protogres/client.h"

#include "absl/time/clock.h"

namespace protogres {
namespace {

v1::SessionRequest BeginRequest(const v1::TransactionOptions& options) {
  v1::SessionRequest request;
  *request.mutable_begin() = options;
  return request;
}

}  // namespace

bool internal::WorthRunningAgain(const absl::Status& status, bool commit_sent) {
  const std::string reason = Error(status).reason();
  // A transaction that was too slow once is so again.
  if (reason == kCommitInDoubt || reason == "SESSION_IDLE_TIMEOUT" || reason == "SESSION_MAX_DURATION") return false;
  if (status.code() != absl::StatusCode::kAborted && !Transient(status, std::nullopt)) return false;
  // After the commit only the server knows that nothing took effect.
  return !commit_sent || !reason.empty();
}

absl::StatusOr<Client> Client::Connect(const Options& options) {
  auto connection = internal::Connection::Create(options);
  if (!connection.ok()) return connection.status();
  return Client(*std::move(connection), CallOptions());
}

AsyncClient Client::async(Executor executor) const { return AsyncClient(connection_, call_, std::move(executor)); }

absl::Status Client::WaitUntilConnected(absl::Duration timeout) const {
  if (connection_->channel()->WaitForConnected(absl::ToChronoTime(absl::Now() + timeout))) return absl::OkStatus();
  return absl::DeadlineExceededError("no connection to " + connection_->options().address + " within " +
                                     absl::FormatDuration(timeout));
}

absl::StatusOr<Transaction> Client::Begin(const v1::TransactionOptions& options) const {
  auto session = internal::Session::Open(connection_, call_);
  if (!session.ok()) return session.status();
  Transaction transaction(*session);
  if (absl::Status status = internal::Done((*session)->Ask(BeginRequest(options))); !status.ok()) return status;
  return transaction;
}

Task<absl::StatusOr<AsyncTransaction>> AsyncClient::BeginTask(std::shared_ptr<internal::Connection> connection,
                                                              CallOptions call, Executor executor,
                                                              v1::TransactionOptions options) {
  auto session = internal::Session::Open(connection, call);
  if (!session.ok()) co_return session.status();
  AsyncTransaction transaction(*session, executor);
  Task<absl::Status> begun = AsyncTransaction::Settle(AsyncTransaction::Ask(*session, executor, BeginRequest(options)));
  absl::Status status = co_await begun;
  if (!status.ok()) co_return status;
  co_return std::move(transaction);
}

}  // namespace protogres
