// Transactions that are open: blocking, and as coroutines.
#ifndef PROTOGRES_TRANSACTION_H_
#define PROTOGRES_TRANSACTION_H_

#include <memory>
#include <string>
#include <utility>

#include "protogres/internal/session.h"
#include "protogres/internal/table_calls.h"
#include "protogres/options.h"
#include "protogres/rows.h"
#include "protogres/task.h"
#include "protogres/v1/transaction.pb.h"

namespace protogres {

// One open transaction of the database. Not committed means rolled back: by Rollback, by the destructor, and when the
// server or the network ends it. Its calls are those of a Client, and block. Movable; one thread at a time.
//
// An error of PostgreSQL's leaves the transaction aborted: then only RollbackTo and Rollback do something. Calls of a
// transaction are never sent again, and only Client::With's options at Begin hold for them.
class Transaction : public internal::TableCalls<Transaction> {
 public:
  Transaction(Transaction&&) = default;
  Transaction& operator=(Transaction&& other) noexcept {
    if (this != &other && session_ != nullptr) session_->Close();
    session_ = std::move(other.session_);
    return *this;
  }
  // Does not block: the server rolls back when it hears of it, which Rollback waits for.
  ~Transaction() {
    if (session_ != nullptr) session_->Close();
  }

  // The answer of any unary method of a table.
  template <class Method>
  absl::StatusOr<ResponseOf<Method>> Call(const RequestOf<Method>& request) const {
    return internal::Unpack<ResponseOf<Method>>(internal::Operated(session_->Ask(internal::OperationRequest(request))));
  }
  template <class Method>
  absl::StatusOr<ResponseOf<Method>> Refuse(const absl::Status& status) const {
    return status;
  }

  // All rows of a request, page by page. The transaction must live as long as what this returns.
  template <HasList Row>
  Rows<Row> List(RequestOf<typename Table<Row>::List> request = {}) const {
    return Rows<Row>(std::make_unique<internal::Pages<Row>>(
        std::move(request), [this](const auto& page) { return this->template ListPage<Row>(page); }));
  }

  // A point to which RollbackTo returns, also after an error; its name has at most 63 bytes.
  absl::Status Savepoint(const std::string& name) {
    return internal::Done(session_->Ask(internal::SavepointRequest(name)));
  }
  absl::Status RollbackTo(const std::string& name) {
    return internal::Done(session_->Ask(internal::RollbackToRequest(name)));
  }

  // OK: it is committed. UNKNOWN, reason COMMIT_IN_DOUBT: it may be. Any other error: it is not. Nothing can be asked
  // after it.
  absl::Status Commit() {
    const absl::Status status = internal::Committed(*session_, session_->Ask(internal::CommitRequest()));
    session_->Finish();
    return status;
  }
  // Returns when it is rolled back.
  absl::Status Rollback() {
    const absl::Status status = internal::Done(session_->Ask(internal::RollbackRequest()));
    session_->Finish();
    return status;
  }

  bool aborted() const { return session_->aborted(); }
  // Whether Commit has sent its request: then the work must not be done again, unless it says that it failed.
  bool commit_sent() const { return session_->commit_sent(); }

 private:
  friend class Client;
  explicit Transaction(std::shared_ptr<internal::Session> session) : session_(std::move(session)) {}

  std::shared_ptr<internal::Session> session_;
};

// The same with coroutines: what its calls return is awaited before the next call. It must outlive them.
class AsyncTransaction : public internal::TableCalls<AsyncTransaction> {
 public:
  AsyncTransaction(AsyncTransaction&&) = default;
  AsyncTransaction& operator=(AsyncTransaction&& other) noexcept {
    if (this != &other && session_ != nullptr) session_->Close();
    session_ = std::move(other.session_);
    executor_ = std::move(other.executor_);
    return *this;
  }
  ~AsyncTransaction() {
    if (session_ != nullptr) session_->Close();
  }

  template <class Method>
  Task<absl::StatusOr<ResponseOf<Method>>> Call(const RequestOf<Method>& request) const {
    return Operate<ResponseOf<Method>>(session_, executor_, internal::OperationRequest(request));
  }
  template <class Method>
  Task<absl::StatusOr<ResponseOf<Method>>> Refuse(absl::Status status) const {
    return Refused<ResponseOf<Method>>(std::move(status));
  }

  Task<absl::Status> Savepoint(const std::string& name) { return Simple(internal::SavepointRequest(name)); }
  Task<absl::Status> RollbackTo(const std::string& name) { return Simple(internal::RollbackToRequest(name)); }
  Task<absl::Status> Commit() { return End(session_, executor_, internal::CommitRequest()); }
  Task<absl::Status> Rollback() { return End(session_, executor_, internal::RollbackRequest()); }

  bool aborted() const { return session_->aborted(); }
  bool commit_sent() const { return session_->commit_sent(); }

 private:
  friend class AsyncClient;
  AsyncTransaction(std::shared_ptr<internal::Session> session, Executor executor)
      : session_(std::move(session)), executor_(std::move(executor)) {}

  // These begin when they are awaited, and have what they need by value.
  static Task<absl::StatusOr<v1::SessionResponse>> Ask(std::shared_ptr<internal::Session> session, Executor executor,
                                                       v1::SessionRequest request);
  static Task<absl::Status> End(std::shared_ptr<internal::Session> session, Executor executor,
                                v1::SessionRequest request);
  static Task<absl::Status> Settle(Task<absl::StatusOr<v1::SessionResponse>> answer);
  template <class Response>
  static Task<absl::StatusOr<Response>> Operate(std::shared_ptr<internal::Session> session, Executor executor,
                                                v1::SessionRequest request) {
    Task<absl::StatusOr<v1::SessionResponse>> asked = Ask(std::move(session), std::move(executor), std::move(request));
    absl::StatusOr<v1::SessionResponse> answer = co_await asked;
    co_return internal::Unpack<Response>(internal::Operated(std::move(answer)));
  }
  template <class Response>
  static Task<absl::StatusOr<Response>> Refused(absl::Status status) {
    co_return status;
  }
  Task<absl::Status> Simple(v1::SessionRequest request) { return Settle(Ask(session_, executor_, std::move(request))); }

  std::shared_ptr<internal::Session> session_;
  Executor executor_;
};

}  // namespace protogres

#endif  // PROTOGRES_TRANSACTION_H_
