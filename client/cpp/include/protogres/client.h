// A client of a Protogres server: a connection, and the calls of its tables, blocking and as coroutines.
//
//   PROTOGRES_TABLE(shop::v1, Customer, Customers);
//   absl::StatusOr<protogres::Client> db = protogres::Client::Connect({.address = "localhost:50051"});
//   absl::StatusOr<Customer> customer = db->Get<Customer>(7);
//   absl::StatusOr<Customer> same = co_await db->async().Get<Customer>(7);
#ifndef PROTOGRES_CLIENT_H_
#define PROTOGRES_CLIENT_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "protogres/error.h"
#include "protogres/filter.h"
#include "protogres/import.h"
#include "protogres/internal/connection.h"
#include "protogres/internal/table_calls.h"
#include "protogres/internal/unary.h"
#include "protogres/options.h"
#include "protogres/rows.h"
#include "protogres/stream.h"
#include "protogres/table.h"
#include "protogres/task.h"
#include "protogres/transaction.h"
#include "protogres/v1/transaction.grpc.pb.h"

namespace protogres {

class AsyncClient;

namespace internal {
// Whether the work of a transaction may be done again after this: it lost against another one, or its server or
// connection was lost before the commit was sent. Never where the commit is in doubt.
bool WorthRunningAgain(const absl::Status& status, bool commit_sent);

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <class T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

template <class Row>
RequestOf<typename Table<Row>::List> ListRequest(const Filter& filter) {
  RequestOf<typename Table<Row>::List> request;
  request.set_filter(filter.text());
  return request;
}

PROTOGRES_METHOD(TransactMethod, v1::TransactionService, Transact, true);
}  // namespace internal

// A handle: copying one is cheap, and copies share the connection. The connection ends with the last of them and of
// their calls, so that a client may go while its calls run. Thread-safe.
//
// Every call that returns a status or a StatusOr blocks, and gives the server's answer or the error of the last
// attempt; Error reads the error's details.
class Client : public internal::TableCalls<Client> {
 public:
  // Does not block, and succeeds without a server: the connection is made at the first call, and again whenever it is
  // lost. INVALID_ARGUMENT, NOT_FOUND: what is wrong with the options.
  static absl::StatusOr<Client> Connect(const Options& options);

  // The same connection, with other options for the calls.
  Client With(CallOptions call) const { return Client(connection_, std::move(call)); }
  // The same calls as coroutines, which go on by `executor`; where there is none, on one of gRPC's own threads, which
  // must not be blocked.
  AsyncClient async(Executor executor = nullptr) const;

  // OK: the server can be reached. DEADLINE_EXCEEDED: not within `timeout`.
  absl::Status WaitUntilConnected(absl::Duration timeout) const;

  // Any unary method: see PROTOGRES_METHOD.
  template <Serves Method>
  absl::StatusOr<ResponseOf<Method>> Call(const RequestOf<Method>& request) const {
    return internal::Unary<Method>(connection_, call_, request);
  }
  template <class Method>
  absl::StatusOr<ResponseOf<Method>> Refuse(const absl::Status& status) const {
    return status;
  }

  // All rows of a request, page by page. A page that fails is asked for again, as any read.
  template <HasList Row>
  Rows<Row> List(RequestOf<typename Table<Row>::List> request = {}) const {
    return Rows<Row>(std::make_unique<internal::Pages<Row>>(
        std::move(request), [db = *this](const auto& page) { return db.template ListPage<Row>(page); }));
  }
  template <HasList Row>
  Rows<Row> List(const Filter& filter) const {
    return List<Row>(internal::ListRequest<Row>(filter));
  }

  // All rows of a request in one call, as fast as they are read. One that breaks goes on after the last chunk, so that
  // each row comes once; the rows after that are of a later moment.
  template <HasStream Row>
  Rows<Row> Stream(RequestOf<typename Table<Row>::Stream> request = {}) const {
    return Rows<Row>(std::make_unique<internal::Chunks<Row>>(connection_, call_, std::move(request)));
  }

  // Inserts all rows of a range, or none, and gives their number. Is never sent again. UNKNOWN, reason COMMIT_IN_DOUBT:
  // the connection was lost after the last row; any other error means that nothing was inserted.
  template <HasImport Row, RowRange<Row> Range>
  absl::StatusOr<int64_t> Import(Range&& rows, const ImportOptions& options = {}) const {
    return internal::Import<Row, std::remove_reference_t<Range>>(connection_, call_, rows, options);
  }

  // Several operations in one transaction and one round trip; see docs/transactions.md.
  absl::StatusOr<v1::TransactResponse> Transact(const v1::TransactRequest& request) const {
    return Call<internal::TransactMethod>(request);
  }

  // Opens a transaction. RESOURCE_EXHAUSTED, reason TOO_MANY_SESSIONS; UNAVAILABLE.
  absl::StatusOr<Transaction> Begin(const v1::TransactionOptions& options = {}) const;

  // Does `work(transaction)`, which returns an absl::Status or absl::StatusOr, in a transaction, and commits it where
  // that is OK; the result is the work's, or the error of Begin or Commit. All of it is done again, after a random wait
  // that becomes longer, while it is ABORTED by others, or loses its server before the commit was sent, up to
  // Options::retry.max_attempts times: the work must have no effects of its own, and must not commit. A commit in doubt
  // (UNKNOWN, reason COMMIT_IN_DOUBT) is never done again.
  template <class Work>
  std::invoke_result_t<Work&, Transaction&> RunInTransaction(Work work,
                                                             const v1::TransactionOptions& options = {}) const;

 private:
  Client(std::shared_ptr<internal::Connection> connection, CallOptions call)
      : connection_(std::move(connection)), call_(std::move(call)) {}

  std::shared_ptr<internal::Connection> connection_;
  CallOptions call_;
};

// The calls of a Client as coroutines: each returns a Task, which does nothing until it is awaited, and then has all
// that it needs. Handles and threads as for Client.
class AsyncClient : public internal::TableCalls<AsyncClient> {
 public:
  AsyncClient With(CallOptions call) const { return AsyncClient(connection_, std::move(call), executor_); }

  template <Serves Method>
  Task<absl::StatusOr<ResponseOf<Method>>> Call(const RequestOf<Method>& request) const {
    return internal::UnaryTask<Method>(connection_, call_, executor_, request);
  }
  template <class Method>
  Task<absl::StatusOr<ResponseOf<Method>>> Refuse(absl::Status status) const {
    return Refused<ResponseOf<Method>>(std::move(status));
  }

  Task<absl::StatusOr<v1::TransactResponse>> Transact(const v1::TransactRequest& request) const {
    return Call<internal::TransactMethod>(request);
  }

  Task<absl::StatusOr<AsyncTransaction>> Begin(const v1::TransactionOptions& options = {}) const {
    return BeginTask(connection_, call_, executor_, options);
  }

  // As Client::RunInTransaction. `work(transaction)` returns a Task of an absl::Status or absl::StatusOr; what it
  // captures must outlive the Task.
  template <class Work>
  std::invoke_result_t<Work&, AsyncTransaction&> RunInTransaction(Work work,
                                                                  const v1::TransactionOptions& options = {}) const {
    return RunTask<Work, std::invoke_result_t<Work&, AsyncTransaction&>>(*this, std::move(work), options);
  }

  // All rows of a request: `co_await rows.Next()` until it gives none.
  template <HasList Row>
  AsyncPages<Row> List(RequestOf<typename Table<Row>::List> request = {}) const {
    return AsyncPages<Row>(connection_, call_, executor_, std::move(request));
  }
  template <HasList Row>
  AsyncPages<Row> List(const Filter& filter) const {
    return List<Row>(internal::ListRequest<Row>(filter));
  }
  template <HasStream Row>
  AsyncChunks<Row> Stream(RequestOf<typename Table<Row>::Stream> request = {}) const {
    return AsyncChunks<Row>(connection_, call_, executor_, std::move(request));
  }

  // As Client::Import, of a range that is moved into the Task: a container, or a view of what outlives it.
  template <HasImport Row, RowRange<Row> Range>
  Task<absl::StatusOr<int64_t>> Import(Range rows, ImportOptions options = {}) const {
    return internal::ImportTask<Row, Range>(connection_, call_, executor_, std::move(rows), std::move(options));
  }

 private:
  friend class Client;
  AsyncClient(std::shared_ptr<internal::Connection> connection, CallOptions call, Executor executor)
      : connection_(std::move(connection)), call_(std::move(call)), executor_(std::move(executor)) {}

  template <class Response>
  static Task<absl::StatusOr<Response>> Refused(absl::Status status) {
    co_return status;
  }
  template <class Work, class Running>
  static Running RunTask(AsyncClient db, Work work, v1::TransactionOptions options);
  static Task<absl::StatusOr<AsyncTransaction>> BeginTask(std::shared_ptr<internal::Connection> connection,
                                                          CallOptions call, Executor executor,
                                                          v1::TransactionOptions options);

  std::shared_ptr<internal::Connection> connection_;
  CallOptions call_;
  Executor executor_;
};

template <class Work>
std::invoke_result_t<Work&, Transaction&> Client::RunInTransaction(Work work,
                                                                   const v1::TransactionOptions& options) const {
  using Result = std::invoke_result_t<Work&, Transaction&>;
  internal::Attempts attempts(connection_->options().retry, absl::InfiniteFuture());
  while (true) {
    std::optional<absl::StatusOr<Transaction>> open = Begin(options);
    absl::StatusOr<Transaction>& transaction = *open;
    Result result = transaction.ok() ? work(*transaction) : Result(transaction.status());
    if (internal::StatusOf(result).ok()) {
      absl::Status committed = transaction->Commit();
      if (committed.ok()) return result;
      result = Result(std::move(committed));
    }
    const absl::Status status = internal::StatusOf(result);
    if (!internal::WorthRunningAgain(status, transaction.ok() && transaction->commit_sent())) return result;
    open.reset();  // its locks are not held while this waits
    const auto wait = attempts.Next(status, std::nullopt);
    if (!wait.has_value() || !internal::Sleep(*wait, call_.stop)) return result;
  }
}

template <class Work, class Running>
Running AsyncClient::RunTask(AsyncClient db, Work work, v1::TransactionOptions options) {
  internal::Attempts attempts(db.connection_->options().retry, absl::InfiniteFuture());
  while (true) {
    auto begun = db.Begin(options);
    std::optional<absl::StatusOr<AsyncTransaction>> open = co_await begun;
    absl::StatusOr<AsyncTransaction>& transaction = *open;
    absl::Status status = transaction.status();
    bool sent = false;
    if (transaction.ok()) {
      auto running = work(*transaction);
      auto result = co_await running;
      status = internal::StatusOf(result);
      if (status.ok()) {
        auto committing = transaction->Commit();
        status = co_await committing;
      }
      if (status.ok()) co_return std::move(result);
      sent = transaction->commit_sent();
    }
    if (!internal::WorthRunningAgain(status, sent)) co_return status;
    open.reset();  // its locks are not held while this waits
    const auto wait = attempts.Next(status, std::nullopt);
    if (!wait.has_value()) co_return status;
    Task<bool> sleep = internal::SleepTask(db.executor_, *wait, db.call_.stop);
    const bool slept = co_await sleep;
    if (!slept) co_return status;
  }
}

}  // namespace protogres

#endif  // PROTOGRES_CLIENT_H_
