#include "transaction/run.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "crud/at_once.h"
#include "crud/write_operation.h"
#include "fmt/format.h"
#include "status/macros.h"
#include "status/sqlstate.h"
#include "status/status.h"
#include "transaction/request_log.h"
#include "transaction/transaction.h"

namespace protogres::transaction {
namespace {

using std::chrono::milliseconds;

// The time between two attempts doubles from the first value to the last. Half of it is random, so that transactions
// that met once do not meet again. A transaction of a few statements takes about a millisecond.
constexpr milliseconds kFirstBackoff{4};
constexpr milliseconds kLastBackoff{256};
constexpr milliseconds kCancelCheck{20};
// A claim of a request_id that lost has had no effect: it is tried again whatever max_attempts is, but not for ever.
constexpr int kClaimAttempts = 50;
// A transaction that met a lost prepared statement has had no effect. When it runs again the connection knows better,
// but it may be given another connection.
constexpr int kLostStatements = 3;
// One of this many requests with a request_id deletes records that are past their time.
constexpr unsigned kPurgeEvery = 64;

unsigned Random() {
  thread_local std::minstd_rand random(std::random_device{}());
  return static_cast<unsigned>(random());
}

// Sleeps before attempt number `next` (from 2). False: the call is cancelled or would be past its deadline.
bool Backoff(int next, const db::Cancellation& cancellation) {
  const milliseconds most = std::min(kLastBackoff, kFirstBackoff * (1 << std::min(next - 2, 10)));
  milliseconds left = most / 2 + milliseconds(Random() % static_cast<unsigned>(most.count() / 2 + 1));
  const auto deadline = cancellation.deadline();
  if (deadline - std::chrono::system_clock::now() <= left) return false;
  for (; left.count() > 0; left -= kCancelCheck) {
    std::this_thread::sleep_for(std::min(left, kCancelCheck));
    if (!cancellation.Check().ok()) return false;
  }
  return true;
}

class Runner {
 public:
  Runner(const api::Api& api, const db::Access& access) : api_(api), access_(access) {}

  absl::StatusOr<std::string> Run(const crud::UnaryMethod& method, std::string_view request) {
    ASSIGN_OR_RETURN(const auto operation, method.Plan(request));
    if (operation->locks()) {
      return status::BadRequest(
          "lock", "holds only inside a transaction: send the request through protogres.v1.TransactionService");
    }
    const std::string_view id = operation->request_id();
    RETURN_IF_ERROR(CheckRequestId(id));
    if (!id.empty()) hash_ = RequestHash(api_, method, request, access_.caller ? access_.caller->fingerprint : "");
    int executed = 0;
    int lost = 0;
    for (int attempt = 1;; ++attempt) {
      executed_ = false;
      auto response = Attempt(*operation);
      if (response.ok()) return response;
      if (status::StatementLost(response.status()) && ++lost <= kLostStatements) continue;
      if (!status::LostRace(response.status())) return response;
      executed += executed_ ? 1 : 0;
      const bool again = executed_ ? executed < operation->max_attempts() : attempt < kClaimAttempts;
      if (!again || !Backoff(attempt + 1, access_.cancellation)) return response;
    }
  }

 private:
  absl::StatusOr<std::string> Attempt(crud::Operation& operation) {
    const std::string_view id = operation.request_id();
    db::SessionOptions options = operation.session();
    if (operation.validate_only()) options.transaction = db::Transaction::kExplicit;
    if (id.empty()) {
      ASSIGN_OR_RETURN(const auto session, access_.Open(options));
      return Executed(operation, *session);
    }
    ASSIGN_OR_RETURN(const auto session, access_.OpenAsServer(options));
    // The table is the server's, whatever the caller may do: so the role changes between its statements and the
    // operation's.
    auto keeping = operation.validate_only() ? std::nullopt : operation.KeepingStatement();
    if (keeping) {
      if (auto response = ExecuteAtOnce(operation, *std::move(keeping), *session)) return *std::move(response);
    } else if (auto response = ClaimAndExecute(operation, *session)) {
      return Recorded(operation, *std::move(response), *session);
    }
    ASSIGN_OR_RETURN(auto recorded, ClaimRequest(*session, id, hash_, api_.limits().request_id_ttl));
    if (recorded) return Replayed(operation, *std::move(recorded), *session);
    RETURN_IF_ERROR(access_.Assume(*session));
    executed_ = true;
    return Recorded(operation, operation.Execute(*session), *session);
  }

  absl::StatusOr<std::string> Executed(crud::Operation& operation, db::Session& session) {
    executed_ = true;
    auto response = operation.Execute(session);
    if (!response.ok()) return Committed(session) ? Written(response.status()) : response;
    RETURN_IF_ERROR(status::CheckAnswer(response->size(), api_.limits().max_answer_bytes));
    RETURN_IF_ERROR(crud::Finish(operation.validate_only(), session));
    return response;
  }

  // Claims the request_id and executes the operation, where that is one statement in one round trip. No value: nothing
  // was done, since the id was used. Then it must be seen by whom.
  std::optional<absl::StatusOr<std::string>> ClaimAndExecute(crud::Operation& operation, db::Session& session) {
    std::vector<db::Statement> statements = Claiming(FirstClaim(operation.request_id(), hash_));
    const std::size_t before = statements.size();
    if (auto statement = operation.Statement()) statements.push_back(*std::move(statement));
    std::vector<db::Rows> rows;
    const absl::Status status = session.RunAll(statements, /*commit=*/false, &rows);
    if (rows.empty() && WasUsed(status)) return Restarted(session);
    if (rows.size() < before) return ClaimingError(rows.size(), status);
    executed_ = true;
    if (statements.size() == before) return operation.Execute(session);
    return operation.Answer(status.ok() ? absl::StatusOr<db::Rows>(std::move(rows.back())) : status, session);
  }

  // Claims the request_id, executes the operation by `keeping`, records its row and commits, in one round trip. No
  // value: nothing was done, since the id was used, or since the operation must run by its own statement.
  std::optional<absl::StatusOr<std::string>> ExecuteAtOnce(crud::Operation& operation, db::Statement keeping,
                                                           db::Session& session) {
    std::vector<db::Statement> statements = Claiming(FirstClaimKeeping(operation.request_id(), hash_));
    const std::size_t write = statements.size();
    statements.push_back(std::move(keeping));
    const std::size_t record = AddRecord(RecordingKept(operation.request_id(), operation.row_shape()), &statements);
    std::vector<db::Rows> rows;
    const absl::Status status = session.RunAll(statements, /*commit=*/true, &rows);
    if (rows.empty() && WasUsed(status)) return Restarted(session);
    if (rows.size() < write) return ClaimingError(rows.size(), status);
    if ((rows.size() == write || rows.size() == record) && crud::MaySucceedWithout(status)) return Restarted(session);
    executed_ = true;
    if (rows.size() == write) return operation.Answer(status, session);
    if (!status.ok()) return rows.size() == record ? TableError(status) : status;
    PurgeAtTimes(session);
    return OfCommitted(operation.Answer(std::move(rows[write]), session));
  }

  // What comes before the operation of a request whose id is hoped to be new.
  std::vector<db::Statement> Claiming(db::Statement claim) const {
    std::vector<db::Statement> statements = access_.Assuming();
    statements.insert(statements.begin(), std::move(claim));
    return statements;
  }
  // The error of the one at `index` of them.
  static absl::Status ClaimingError(std::size_t index, const absl::Status& status) {
    return index == 0 ? TableError(status) : db::Access::AssumingError(index - 1, status);
  }

  // The answer of a request that was done before.
  static absl::StatusOr<std::string> Replayed(crud::Operation& operation, std::string recorded, db::Session& session) {
    const auto kept = KeptRowOf(recorded);
    if (!kept) return recorded;
    return OfCommitted(operation.AnswerKept(*kept, session));
  }

  // What came of answering a row that is committed already.
  static absl::StatusOr<std::string> OfCommitted(absl::StatusOr<std::string> response) {
    return response.ok() ? std::move(response) : Written(response.status());
  }

  // Records what the operation has answered in the transaction that has claimed its request_id, and commits.
  absl::StatusOr<std::string> Recorded(const crud::Operation& operation, absl::StatusOr<std::string> response,
                                       db::Session& session) {
    if (!response.ok()) return response;
    RETURN_IF_ERROR(status::CheckAnswer(response->size(), api_.limits().max_answer_bytes));
    RETURN_IF_ERROR(Record(session, operation.request_id(), *response, /*commit=*/!operation.validate_only()));
    if (operation.validate_only()) RETURN_IF_ERROR(crud::Finish(/*validate_only=*/true, session));
    PurgeAtTimes(session);
    return response;
  }

  void PurgeAtTimes(db::Session& session) const {
    if (Random() % kPurgeEvery == 0) PurgeRequests(session, api_.limits().request_id_ttl);
  }

  // Adds `recording` to the statements of the caller, and returns its place. The table of the answers is the server's,
  // whatever the caller may do. What runs at the COMMIT is the caller's again.
  std::size_t AddRecord(db::Statement recording, std::vector<db::Statement>* statements) const {
    // Without an Identity the operation has run as the role that connects, which may have a default role.
    const bool has_role = access_.caller && access_.caller->identity;
    if (has_role) statements->push_back(db::Suspend());
    const std::size_t place = statements->size();
    statements->push_back(std::move(recording));
    if (has_role) statements->push_back(db::Resume());
    return place;
  }

  // In one round trip.
  absl::Status Record(db::Session& session, std::string_view id, const std::string& answer, bool commit) const {
    std::vector<db::Statement> statements;
    const std::size_t record = AddRecord(Recording(id, answer), &statements);
    std::vector<db::Rows> rows;
    const absl::Status status = session.RunAll(statements, commit, &rows);
    return rows.size() == record ? TableError(status) : status;
  }

  // True: a statement without a transaction around it has written rows, so they are committed.
  static bool Committed(const db::Session& session) { return !session.in_transaction() && session.affected() > 0; }

  // The error of a call whose rows are written already. Neither the server nor the caller may run it again, as they do
  // after other errors of these codes.
  static absl::Status Written(const absl::Status& error) {
    return status::Error(
        absl::StatusCode::kFailedPrecondition,
        fmt::format("the row was written, but cannot be answered: {}", std::string(error.message())),
        status::kWrittenNotRepresentable,
        {{"table", status::MetadataOf(error, "table")}, {"column", status::MetadataOf(error, "column")}});
  }

  const api::Api& api_;
  const db::Access& access_;
  std::string hash_;       // of the request, where it has an id
  bool executed_ = false;  // the operation has begun in this attempt
};

}  // namespace

absl::StatusOr<std::string> Run(const api::Api& api, const crud::UnaryMethod& method, std::string_view request,
                                const db::Access& access) {
  return Runner(api, access).Run(method, request);
}

}  // namespace protogres::transaction
