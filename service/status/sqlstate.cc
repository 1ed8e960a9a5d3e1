#include "status/sqlstate.h"

#include <chrono>
#include <map>
#include <string_view>

#include "fmt/format.h"
#include "status/status.h"

namespace protogres::status {
namespace {

using absl::StatusCode;

// A transaction that lost against another may win the next time; it need not be soon.
constexpr std::chrono::milliseconds kRetryDelay{50};

// Exact codes stand before the classes that they belong to.
constexpr ErrorRow kTable[] = {
    {"08007", StatusCode::kUnknown, kCommitInDoubt,
     "The connection was lost during COMMIT: nobody knows whether the transaction took place."},
    {"08", StatusCode::kUnavailable, kConnectionLost, "The connection was lost, or could not be made."},
    {"0A000", StatusCode::kUnimplemented, kFeatureNotSupported,
     "PostgreSQL does not support what the request asks for."},
    {"21000", StatusCode::kInvalidArgument, kCardinalityViolation, "One row is given twice."},
    {"22001", StatusCode::kInvalidArgument, kValueTooLong, "A text is longer than its column allows."},
    {"22003", StatusCode::kInvalidArgument, kValueOutOfRange, "A number is out of the range of its type."},
    {"22", StatusCode::kInvalidArgument, kInvalidValue, "A value does not fit its type."},
    {"23001", StatusCode::kFailedPrecondition, kRestrictViolation, "Other rows refer to the row (ON DELETE RESTRICT)."},
    {"23502", StatusCode::kInvalidArgument, kNotNullViolation, "A column that must have a value has none."},
    {"23503", StatusCode::kFailedPrecondition, kForeignKeyViolation,
     "The row that is referred to does not exist, or other rows refer to this one."},
    {"23505", StatusCode::kAlreadyExists, kUniqueViolation, "A row with this key exists already."},
    {"23514", StatusCode::kInvalidArgument, kCheckViolation, "A check constraint does not hold."},
    {"23P01", StatusCode::kFailedPrecondition, kExclusionViolation, "An exclusion constraint does not hold."},
    {"23", StatusCode::kFailedPrecondition, kIntegrityViolation, "Another constraint does not hold."},
    {"25006", StatusCode::kUnavailable, kReadOnlyServer, "The database is read-only: a primary has become a replica."},
    {"25P02", StatusCode::kFailedPrecondition, kTransactionAborted, "An earlier error has ended the transaction."},
    {"25P03", StatusCode::kUnavailable, kIdleInTransaction,
     "PostgreSQL ended a transaction that was idle (idle_in_transaction_session_timeout)."},
    {"25P04", StatusCode::kDeadlineExceeded, kTransactionTimeout,
     "PostgreSQL ended a transaction that took too long (transaction_timeout)."},
    {"26000", StatusCode::kAborted, kStatementLost, "A prepared statement is gone from the database."},
    {"28", StatusCode::kUnauthenticated, kAuthenticationFailed, "The database refuses the server's role or password."},
    {"2D000", StatusCode::kFailedPrecondition, kTransactionInProcedure,
     "A procedure would end the transaction that it runs in (COMMIT, ROLLBACK)."},
    {"3D000", StatusCode::kNotFound, kDatabaseNotFound, "The database does not exist."},
    {"3F000", StatusCode::kFailedPrecondition, kCatalogMoved, "The schema does not exist any more."},
    {"40002", StatusCode::kFailedPrecondition, kIntegrityViolation, "A constraint does not hold at the commit."},
    {"40003", StatusCode::kUnknown, kCommitInDoubt, "Nobody knows whether the statement took effect."},
    {"40P01", StatusCode::kAborted, kDeadlockDetected, "The transaction was one of a deadlock, and was rolled back."},
    {"40", StatusCode::kAborted, kSerializationFailure,
     "The transaction lost against another one, and was rolled back."},
    {"42501", StatusCode::kPermissionDenied, kPermissionDenied, "The database's role may not do this."},
    {"42P01", StatusCode::kFailedPrecondition, kCatalogMoved, "The table does not exist any more."},
    {"42P05", StatusCode::kAborted, kStatementLost, "A prepared statement of this name exists already."},
    {"42P10", StatusCode::kFailedPrecondition, kCatalogMoved, "The key does not exist any more."},
    {"42703", StatusCode::kFailedPrecondition, kCatalogMoved, "The column does not exist any more."},
    {"42704", StatusCode::kFailedPrecondition, kCatalogMoved, "The type does not exist any more."},
    {"42804", StatusCode::kFailedPrecondition, kCatalogMoved, "The column has another type now."},
    {"42809", StatusCode::kFailedPrecondition, kCatalogMoved, "The relation is of another kind now."},
    {"42883", StatusCode::kFailedPrecondition, kCatalogMoved, "The function does not exist any more."},
    {"428C9", StatusCode::kFailedPrecondition, kCatalogMoved, "The column is a generated one now."},
    {"42", StatusCode::kInternal, kInvalidStatement, "PostgreSQL refused the text of the statement."},
    {"44", StatusCode::kInvalidArgument, kCheckOptionViolation, "The row would not be one that the view shows."},
    {"45", StatusCode::kFailedPrecondition, kRaisedException, "The database's own code raised an error."},
    {"53300", StatusCode::kResourceExhausted, kTooManyConnections, "PostgreSQL has no connection left."},
    {"53", StatusCode::kResourceExhausted, kInsufficientResources,
     "PostgreSQL is out of disk space, memory or the like."},
    {"54", StatusCode::kInvalidArgument, kLimitExceeded, "The request is too large or too complex for PostgreSQL."},
    {"55P03", StatusCode::kAborted, kLockNotAvailable, "A lock did not become free in time (lock_timeout, NOWAIT)."},
    {"55", StatusCode::kFailedPrecondition, kObjectNotReady, "The object is in use, or not in the right state."},
    {"57014", StatusCode::kAborted, kQueryCancelled, "Somebody else cancelled the statement."},
    {"57", StatusCode::kUnavailable, kServerShutdown,
     "PostgreSQL ended the connection, or accepts none at the moment."},
    {"P0001", StatusCode::kFailedPrecondition, kRaisedException, "A function or trigger raised an error (RAISE)."},
    {"P0002", StatusCode::kNotFound, kRaisedException, "A function found no row (INTO STRICT, no_data_found)."},
    {"P0", StatusCode::kFailedPrecondition, kRaisedException, "Another error of PL/pgSQL's own."},
    {"PG003", StatusCode::kInvalidArgument, kRaisedException,
     "A function asked for the code 3 of gRPC (RAISE SQLSTATE)."},
    {"PG005", StatusCode::kNotFound, kRaisedException, "A function asked for the code 5 of gRPC (RAISE SQLSTATE)."},
    {"PG006", StatusCode::kAlreadyExists, kRaisedException,
     "A function asked for the code 6 of gRPC (RAISE SQLSTATE)."},
    {"PG007", StatusCode::kPermissionDenied, kRaisedException,
     "A function asked for the code 7 of gRPC (RAISE SQLSTATE)."},
    {"PG008", StatusCode::kResourceExhausted, kRaisedException,
     "A function asked for the code 8 of gRPC (RAISE SQLSTATE)."},
    {"PG009", StatusCode::kFailedPrecondition, kRaisedException,
     "A function asked for the code 9 of gRPC (RAISE SQLSTATE)."},
    {"PG010", StatusCode::kAborted, kRaisedException, "A function asked for the code 10 of gRPC (RAISE SQLSTATE)."},
    {"PG011", StatusCode::kOutOfRange, kRaisedException, "A function asked for the code 11 of gRPC (RAISE SQLSTATE)."},
    {"PG012", StatusCode::kUnimplemented, kRaisedException,
     "A function asked for the code 12 of gRPC (RAISE SQLSTATE)."},
    {"PG013", StatusCode::kInternal, kRaisedException, "A function asked for the code 13 of gRPC (RAISE SQLSTATE)."},
    {"PG014", StatusCode::kUnavailable, kRaisedException, "A function asked for the code 14 of gRPC (RAISE SQLSTATE)."},
    {"PG016", StatusCode::kUnauthenticated, kRaisedException,
     "A function asked for the code 16 of gRPC (RAISE SQLSTATE)."},
    {"PT400", StatusCode::kInvalidArgument, kRaisedException,
     "A function asked for the status 400 of HTTP, as for PostgREST."},
    {"PT401", StatusCode::kUnauthenticated, kRaisedException,
     "A function asked for the status 401 of HTTP, as for PostgREST."},
    {"PT403", StatusCode::kPermissionDenied, kRaisedException,
     "A function asked for the status 403 of HTTP, as for PostgREST."},
    {"PT404", StatusCode::kNotFound, kRaisedException,
     "A function asked for the status 404 of HTTP, as for PostgREST."},
    {"PT409", StatusCode::kAborted, kRaisedException, "A function asked for the status 409 of HTTP, as for PostgREST."},
    {"PT412", StatusCode::kFailedPrecondition, kRaisedException,
     "A function asked for the status 412 of HTTP, as for PostgREST."},
    {"PT422", StatusCode::kInvalidArgument, kRaisedException,
     "A function asked for the status 422 of HTTP, as for PostgREST."},
    {"PT429", StatusCode::kResourceExhausted, kRaisedException,
     "A function asked for the status 429 of HTTP, as for PostgREST."},
    {"PT501", StatusCode::kUnimplemented, kRaisedException,
     "A function asked for the status 501 of HTTP, as for PostgREST."},
    {"PT503", StatusCode::kUnavailable, kRaisedException,
     "A function asked for the status 503 of HTTP, as for PostgREST."},
    {"", StatusCode::kInternal, kInternal, "Every other error."},
};

const ErrorRow& Find(std::string_view sqlstate) {
  for (const ErrorRow& row : kTable) {
    if (sqlstate.starts_with(row.prefix)) return row;
  }
  return kTable[std::size(kTable) - 1];
}

// Codes whose meaning only the rest of the error tells.
constexpr char kStale[] = "cached plan must not change result type";
constexpr char kStalePlan[] = "RevalidateCachedQuery";
constexpr char kRaise[] = "exec_stmt_raise";  // RAISE of PL/pgSQL, whose SQLSTATE is the function's to choose
constexpr ErrorRow kCachedPlan = {"0A000", StatusCode::kFailedPrecondition, kCatalogMoved, ""};
constexpr ErrorRow kTimedOut = {"57014", StatusCode::kDeadlineExceeded, kStatementTimeout, ""};
constexpr ErrorRow kRefusedByType = {"42601", StatusCode::kInvalidArgument, kInvalidValue, ""};
constexpr ErrorRow kTypeMoved = {"XX000", StatusCode::kFailedPrecondition, kCatalogMoved, ""};
constexpr char kTypeGone[] = "cache lookup failed for type";
constexpr ErrorRow kNotFoundByCode = {"42", StatusCode::kFailedPrecondition, kRaisedException, ""};
constexpr char kWhereCodeLooks[] =
    "; this is in a function or trigger of the database, which finds names without a schema in the search_path "
    "(--search_path)";
constexpr char kWhoseTimeout[] = "; the limit is that of --statement_timeout, or of the role or the database";

// An error in the text of a statement has a position there. Others are of what is found only when the statement runs:
// values, settings, what functions and triggers do.
bool IsOfText(const ServerError& error) { return !error.position.empty() || error.no_positions; }

// The database's own code, or a value, names what is not found. No reload mends that.
bool IsNotFoundByCode(const ServerError& error) {
  const std::string_view state = error.sqlstate;
  if (error.function == kRaise) {
    const std::string_view reason = Find(state).reason;
    return reason == kCatalogMoved || reason == kStatementLost;
  }
  if (error.in_code) return Find(state).reason == std::string_view(kCatalogMoved);
  return !IsOfText(error) && (state == "42P01" || state == "42703" || state == "42704" || state == "42883");
}

ErrorRow Classify(const ServerError& error) {
  const auto says = [&error](const char* words) { return error.message.find(words) != std::string::npos; };
  if (error.sqlstate == "0A000" && (error.function == kStalePlan || says(kStale))) return kCachedPlan;
  if (error.sqlstate == "57014" && says("statement timeout")) return kTimedOut;
  // A prepared statement still names a type that was dropped and made anew. PostgreSQL does not translate this message.
  if (error.sqlstate == "XX000" && error.message.starts_with(kTypeGone)) return kTypeMoved;
  // Some types (ltree, tsquery, jsonpath) call a value of the wrong form a syntax error.
  const bool syntax = error.sqlstate == "42601" || error.sqlstate == "42602";
  if (syntax && !IsOfText(error) && !error.in_code) return kRefusedByType;
  return IsNotFoundByCode(error) ? kNotFoundByCode : Find(error.sqlstate);
}

// Adds what only BadRequest has: a violation. The path of its field in the request is the caller's to add.
void AddViolation(const std::string& message, absl::Status* status) {
  const absl::Status bad = BadRequest("", message);
  bad.ForEachPayload([status](absl::string_view url, const absl::Cord& payload) {
    if (!status->GetPayload(url).has_value()) status->SetPayload(url, payload);
  });
}

// Of PgBouncer, who translates nothing, and has one SQLSTATE for all of its own errors.
constexpr char kRefusedParameter[] = "unsupported startup parameter";

constexpr char kCannotConnect[] = "cannot connect to the database: ";

std::string Because(const std::string& cause) { return cause.empty() ? "" : ": " + cause; }

std::string StateOf(const absl::Status& status) { return MetadataOf(status, "sqlstate"); }

}  // namespace

std::span<const ErrorRow> ErrorTable() { return kTable; }

absl::Status ToStatus(const ServerError& error) {
  const ErrorRow row = Classify(error);
  std::string message = error.message.empty() ? "PostgreSQL gave no message" : error.message;
  if (error.in_code && IsNotFoundByCode(error)) message += kWhereCodeLooks;
  if (row.reason == std::string_view(kStatementTimeout)) message += kWhoseTimeout;
  const std::map<std::string, std::string> metadata = {{"sqlstate", error.sqlstate},
                                                       {"table", error.table},
                                                       {"constraint", error.constraint},
                                                       {"column", error.column},
                                                       {"row", error.row > 0 ? std::to_string(error.row) : ""},
                                                       {"position", error.position},
                                                       {"detail", error.detail},
                                                       {"hint", error.hint}};
  if (row.code == StatusCode::kInvalidArgument) {
    absl::Status status = Error(row.code, message, row.reason, metadata);
    AddViolation(message, &status);
    return status;
  }
  absl::Status status = Error(row.code, message, row.reason, metadata);
  return row.code == StatusCode::kAborted ? WithRetry(std::move(status), kRetryDelay) : status;
}

absl::Status NotConnected(const std::string& why) {
  return ToStatus({.sqlstate = "08001", .message = kCannotConnect + why});
}

absl::Status NoPassword(const std::string& why) {
  return ToStatus({.sqlstate = "28P01", .message = kCannotConnect + why});
}

absl::Status Refused(ServerError error) {
  error.message = kCannotConnect + error.message;
  const std::string_view state = error.sqlstate;
  const bool bad_setting =
      error.message.find(kRefusedParameter) != std::string::npos ||
      (state != "42501" && !state.starts_with("28") && (state.starts_with("42") || state[0] == '2'));
  if (!bad_setting) return ToStatus(error);
  return Error(StatusCode::kInvalidArgument, error.message, kInvalidConnectionString, {{"sqlstate", error.sqlstate}});
}

absl::Status LostConnection(const std::string& cause) {
  return ToStatus({.sqlstate = "08006", .message = "the connection to the database was lost" + Because(cause)});
}

absl::Status LostInCommit(const std::string& cause) {
  return ToStatus({.sqlstate = "08007",
                   .message = "the connection to the database was lost before it confirmed the commit; it is not known "
                              "whether it took place" +
                              Because(cause)});
}

absl::Status ReadOnlyServer(const std::string& message) { return ToStatus({.sqlstate = "25006", .message = message}); }

absl::Status AbortedTransaction(const std::string& message) {
  return ToStatus({.sqlstate = "25P02", .message = message});
}

absl::Status TooManyValues(std::size_t values, std::size_t most) {
  return ToStatus({.sqlstate = "54000",
                   .message = fmt::format("the request gives {} values; PostgreSQL takes at most {} in one statement",
                                          values, most)});
}

absl::Status NulInText() {
  return ToStatus({.sqlstate = "22021", .message = "a text contains a NUL character, which PostgreSQL cannot store"});
}

absl::Status ReadOnlyTransaction(const absl::Status& status) {
  return Error(StatusCode::kFailedPrecondition, std::string(status.message()) + ": it was begun as read_only",
               kReadOnlyTransaction, {{"sqlstate", StateOf(status)}});
}

absl::Status Stopped(const absl::Status& cause, bool past_deadline) {
  const std::map<std::string, std::string> metadata = {{"sqlstate", StateOf(cause)}};
  if (past_deadline) {
    return Error(StatusCode::kDeadlineExceeded, "the deadline has passed", kDeadlineExceeded, metadata);
  }
  return Error(StatusCode::kCancelled, "the client has cancelled the call", kCancelled, metadata);
}

bool CatalogMoved(const absl::Status& status) { return ReasonOf(status) == kCatalogMoved; }

bool StalePlan(const absl::Status& status) { return StateOf(status) == "0A000" && CatalogMoved(status); }

bool MovedWhileRead(const absl::Status& status) {
  for (const char* state : {"XX000", "42P01", "42703", "42704", "42883"}) {
    if (StateOf(status) == state) return true;
  }
  return false;
}

bool ConnectionLost(const absl::Status& status) {
  if (status.ok()) return false;
  const std::string reason = ReasonOf(status);
  for (const char* lost :
       {kConnectionLost, kCommitInDoubt, kServerShutdown, kReadOnlyServer, kIdleInTransaction, kTransactionTimeout}) {
    if (reason == lost) return true;
  }
  return false;
}

bool LostRace(const absl::Status& status) {
  const std::string state = StateOf(status);
  return state == "40001" || state == "40P01";
}

bool StatementLost(const absl::Status& status) { return ReasonOf(status) == kStatementLost; }

bool InDoubt(const absl::Status& status) { return ReasonOf(status) == kCommitInDoubt; }

bool RolledBack(const absl::Status& status) { return !StateOf(status).empty() && !InDoubt(status); }

bool QueryCancelled(const absl::Status& status) { return ReasonOf(status) == kQueryCancelled; }

bool NoSuchTable(const absl::Status& status) {
  const std::string state = StateOf(status);
  return state == "42P01" || state == "3F000";
}

bool NoSuchOperator(const absl::Status& status) {
  const std::string state = StateOf(status);
  return state == "42883" || state == "42725";
}

bool BadPattern(const absl::Status& status) {
  const std::string state = StateOf(status);
  return state == "2201B" || state == "22025";
}

bool NoSuchObject(const absl::Status& status) { return StateOf(status) == "42704"; }

bool RefusesParameter(const absl::Status& status) {
  return ReasonOf(status) == kInvalidConnectionString && status.message().find(kRefusedParameter) != std::string::npos;
}

bool NeverListens(const absl::Status& status) {
  const std::string state = StateOf(status);
  return state == "25006" || state == "0A000";
}

bool SaysRolledBack(const ServerError& error) {
  return !error.sqlstate.empty() && !error.sqlstate.starts_with("08") && !error.function.empty();
}

bool InDoubtElsewhere(const ServerError& error) {
  // 08001: the connection was not made, so that nothing was sent. 08P01: PostgreSQL did not understand what it was
  // sent.
  const std::string_view state = error.sqlstate;
  return error.in_commit_elsewhere || (state.starts_with("08") && state != "08001" && state != "08P01");
}

bool PastOtherCommits(const ServerError& error) {
  const std::string_view state = error.sqlstate;
  return state.starts_with("57") || state.starts_with("25P0") ||
         (state == "40001" && error.function == "PreCommit_CheckForSerializationFailure");
}

bool DetailTellsMore(const ServerError& error) {
  const std::string_view state = error.sqlstate;
  return state == "23502" || state == "23514" || state == "44000" || state.starts_with("08");
}

}  // namespace protogres::status
