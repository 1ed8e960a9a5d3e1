#include "db/error.h"

#include <chrono>
#include <map>
#include <string_view>

#include "contract/error.h"

namespace protogres::db {
namespace {

using absl::StatusCode;

using contract::kCatalogMoved;
// A transaction that lost against another may win the next time; it need not be soon.
constexpr std::chrono::milliseconds kRetryDelay{50};

// Exact codes stand before the classes that they belong to.
constexpr ErrorRow kTable[] = {
    {"08007", StatusCode::kUnknown, "COMMIT_IN_DOUBT", "the connection was lost during COMMIT; never to be retried"},
    {"08", StatusCode::kUnavailable, "CONNECTION_LOST", "the connection was lost or could not be made"},
    {"0A000", StatusCode::kUnimplemented, "FEATURE_NOT_SUPPORTED", "PostgreSQL does not support it"},
    {"21000", StatusCode::kInvalidArgument, "CARDINALITY_VIOLATION", "one row is given twice"},
    {"22001", StatusCode::kInvalidArgument, "VALUE_TOO_LONG", "a text is longer than its column"},
    {"22003", StatusCode::kInvalidArgument, "VALUE_OUT_OF_RANGE", "a number is out of its type's range"},
    {"22", StatusCode::kInvalidArgument, "INVALID_VALUE", "a value does not fit its type"},
    {"23001", StatusCode::kFailedPrecondition, "RESTRICT_VIOLATION",
     "other rows refer to the row (ON DELETE RESTRICT)"},
    {"23502", StatusCode::kInvalidArgument, "NOT_NULL_VIOLATION", "a column that must have a value has none"},
    {"23503", StatusCode::kFailedPrecondition, "FOREIGN_KEY_VIOLATION",
     "the row referred to does not exist, or other rows refer to this one"},
    {"23505", StatusCode::kAlreadyExists, "UNIQUE_VIOLATION", "a row with this key exists"},
    {"23514", StatusCode::kInvalidArgument, "CHECK_VIOLATION", "a check constraint does not hold"},
    {"23P01", StatusCode::kFailedPrecondition, "EXCLUSION_VIOLATION", "an exclusion constraint does not hold"},
    {"23", StatusCode::kFailedPrecondition, "INTEGRITY_VIOLATION", "another constraint does not hold"},
    {"25006", StatusCode::kUnavailable, "READ_ONLY_SERVER",
     "the server or the transaction is read-only: a primary became a replica"},
    {"25P02", StatusCode::kFailedPrecondition, "TRANSACTION_ABORTED",
     "an error has ended the transaction: roll back, or back to a savepoint"},
    {"25P03", StatusCode::kUnavailable, "IDLE_IN_TRANSACTION", "idle_in_transaction_session_timeout"},
    {"25P04", StatusCode::kDeadlineExceeded, "TRANSACTION_TIMEOUT", "transaction_timeout"},
    {"26000", StatusCode::kAborted, "STATEMENT_LOST", "a prepared statement is gone from the server"},
    {"28", StatusCode::kUnauthenticated, "AUTHENTICATION_FAILED", "wrong role or password of the database"},
    {"3D000", StatusCode::kNotFound, "DATABASE_NOT_FOUND", "no such database"},
    {"3F000", StatusCode::kFailedPrecondition, kCatalogMoved, "no such schema: the catalog moved; a reload is due"},
    {"40002", StatusCode::kFailedPrecondition, "INTEGRITY_VIOLATION", "a constraint does not hold at the commit"},
    {"40003", StatusCode::kUnknown, "COMMIT_IN_DOUBT", "it is not known whether the statement took effect"},
    {"40P01", StatusCode::kAborted, "DEADLOCK_DETECTED", "a deadlock; to be tried again"},
    {"40", StatusCode::kAborted, "SERIALIZATION_FAILURE", "lost against another transaction; to be tried again"},
    {"42501", StatusCode::kPermissionDenied, "PERMISSION_DENIED", "the role of the database may not do this"},
    {"42P01", StatusCode::kFailedPrecondition, kCatalogMoved, "no such table: the catalog moved; a reload is due"},
    {"42P10", StatusCode::kFailedPrecondition, kCatalogMoved, "no such key: the catalog moved; a reload is due"},
    {"42703", StatusCode::kFailedPrecondition, kCatalogMoved, "no such column: the catalog moved; a reload is due"},
    {"42704", StatusCode::kFailedPrecondition, kCatalogMoved, "no such type: the catalog moved; a reload is due"},
    {"42804", StatusCode::kFailedPrecondition, kCatalogMoved, "another type: the catalog moved; a reload is due"},
    {"42809", StatusCode::kFailedPrecondition, kCatalogMoved,
     "another kind of relation: the catalog moved; a reload is due"},
    {"42883", StatusCode::kFailedPrecondition, kCatalogMoved, "no such function: the catalog moved; a reload is due"},
    {"428C9", StatusCode::kFailedPrecondition, kCatalogMoved,
     "a column is generated now: the catalog moved; a reload is due"},
    {"42", StatusCode::kInternal, "INVALID_STATEMENT", "PostgreSQL refused the statement's text"},
    {"44", StatusCode::kInvalidArgument, "CHECK_OPTION_VIOLATION", "the row would not be in the view"},
    {"45", StatusCode::kFailedPrecondition, "RAISED_EXCEPTION", "an error that the database's own code raised"},
    {"53300", StatusCode::kResourceExhausted, "TOO_MANY_CONNECTIONS", "the server has no connection left"},
    {"53", StatusCode::kResourceExhausted, "INSUFFICIENT_RESOURCES", "the server is out of disk, memory or the like"},
    {"54", StatusCode::kInvalidArgument, "LIMIT_EXCEEDED", "too large or too complex for PostgreSQL"},
    {"55P03", StatusCode::kAborted, "LOCK_NOT_AVAILABLE", "lock_timeout; to be tried again"},
    {"55", StatusCode::kFailedPrecondition, "OBJECT_NOT_READY", "the object is in use or not in the right state"},
    {"57014", StatusCode::kAborted, "QUERY_CANCELLED",
     "somebody else cancelled the statement; CANCELLED if it was the client, DEADLINE_EXCEEDED if its deadline or "
     "statement_timeout was the cause"},
    {"57", StatusCode::kUnavailable, "SERVER_SHUTDOWN", "the server ended the connection, or is not ready for one"},
    {"P0001", StatusCode::kFailedPrecondition, "RAISED_EXCEPTION", "RAISE in a trigger or function"},
    {"", StatusCode::kInternal, "INTERNAL", "everything else"},
};

const ErrorRow& Find(std::string_view sqlstate) {
  for (const ErrorRow& row : kTable) {
    if (sqlstate.starts_with(row.prefix)) return row;
  }
  return kTable[std::size(kTable) - 1];
}

// Two codes whose meaning only the message tells.
constexpr ErrorRow kCachedPlan = {"0A000", StatusCode::kFailedPrecondition, kCatalogMoved, ""};
constexpr ErrorRow kStatementTimeout = {"57014", StatusCode::kDeadlineExceeded, "STATEMENT_TIMEOUT", ""};

ErrorRow Classify(const ServerError& error) {
  const auto says = [&error](const char* words) { return error.message.find(words) != std::string::npos; };
  if (error.sqlstate == "0A000" && says("cached plan must not change result type")) return kCachedPlan;
  if (error.sqlstate == "57014" && says("statement timeout")) return kStatementTimeout;
  return Find(error.sqlstate);
}

// Adds what only BadRequest has: a violation. The path of its field in the request is the caller's to add.
void AddViolation(const std::string& message, absl::Status* status) {
  const absl::Status bad = contract::BadRequest("", message);
  bad.ForEachPayload([status](absl::string_view url, const absl::Cord& payload) {
    if (!status->GetPayload(url).has_value()) status->SetPayload(url, payload);
  });
}

}  // namespace

std::span<const ErrorRow> ErrorTable() { return kTable; }

absl::Status ToStatus(const ServerError& error) {
  const ErrorRow row = Classify(error);
  const std::string message = error.message.empty() ? "PostgreSQL gave no message" : error.message;
  const std::map<std::string, std::string> metadata = {{"sqlstate", error.sqlstate},
                                                       {"table", error.table},
                                                       {"constraint", error.constraint},
                                                       {"column", error.column},
                                                       {"row", error.row > 0 ? std::to_string(error.row) : ""},
                                                       {"position", error.position}};
  if (row.code == StatusCode::kInvalidArgument) {
    absl::Status status = contract::Error(row.code, message, row.reason, metadata);
    AddViolation(message, &status);
    return status;
  }
  absl::Status status = contract::Error(row.code, message, row.reason, metadata);
  return row.code == StatusCode::kAborted ? contract::WithRetry(std::move(status), kRetryDelay) : status;
}

bool CatalogMoved(const absl::Status& status) { return contract::ReasonOf(status) == kCatalogMoved; }

bool ConnectionLost(const absl::Status& status) {
  if (status.ok()) return false;
  const std::string reason = contract::ReasonOf(status);
  for (const char* lost : {"CONNECTION_LOST", "COMMIT_IN_DOUBT", "SERVER_SHUTDOWN", "READ_ONLY_SERVER",
                           "IDLE_IN_TRANSACTION", "TRANSACTION_TIMEOUT"}) {
    if (reason == lost) return true;
  }
  return false;
}

}  // namespace protogres::db
