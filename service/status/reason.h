// The reasons of errors: what stands in google.rpc.ErrorInfo.reason, which clients decide by. Each is written here and
// nowhere else: the list makes a constant of each, and kReasons. docs/errors.md explains them all, which a test checks.
#ifndef PROTOGRES_SERVICE_STATUS_REASON_H_
#define PROTOGRES_SERVICE_STATUS_REASON_H_

namespace protogres::status {

// A line a reason: the name of its constant, and its text.
#define PROTOGRES_REASONS(REASON)                               \
  REASON(kAmbiguousPackage, "AMBIGUOUS_PACKAGE")                \
  REASON(kAnswerTooLarge, "ANSWER_TOO_LARGE")                   \
  REASON(kAuthenticationFailed, "AUTHENTICATION_FAILED")        \
  REASON(kBindingUnresolved, "BINDING_UNRESOLVED")              \
  REASON(kBoundRequestTooLarge, "BOUND_REQUEST_TOO_LARGE")      \
  REASON(kCancelled, "CANCELLED")                               \
  REASON(kCardinalityViolation, "CARDINALITY_VIOLATION")        \
  REASON(kCatalogMoved, "CATALOG_MOVED")                        \
  REASON(kCertificateNotMapped, "CERTIFICATE_NOT_MAPPED")       \
  REASON(kCertificateRole, "CERTIFICATE_ROLE")                  \
  REASON(kCheckOptionViolation, "CHECK_OPTION_VIOLATION")       \
  REASON(kCheckViolation, "CHECK_VIOLATION")                    \
  REASON(kCommitInDoubt, "COMMIT_IN_DOUBT")                     \
  REASON(kConnectionLost, "CONNECTION_LOST")                    \
  REASON(kContractFile, "CONTRACT_FILE")                        \
  REASON(kContractMismatch, "CONTRACT_MISMATCH")                \
  REASON(kDatabaseNotFound, "DATABASE_NOT_FOUND")               \
  REASON(kDatabaseUnavailable, "DATABASE_UNAVAILABLE")          \
  REASON(kDeadlineExceeded, "DEADLINE_EXCEEDED")                \
  REASON(kDeadlockDetected, "DEADLOCK_DETECTED")                \
  REASON(kEtagMismatch, "ETAG_MISMATCH")                        \
  REASON(kExclusionViolation, "EXCLUSION_VIOLATION")            \
  REASON(kFeatureNotSupported, "FEATURE_NOT_SUPPORTED")         \
  REASON(kForeignKeyViolation, "FOREIGN_KEY_VIOLATION")         \
  REASON(kIdleInTransaction, "IDLE_IN_TRANSACTION")             \
  REASON(kInsufficientResources, "INSUFFICIENT_RESOURCES")      \
  REASON(kIntegrityViolation, "INTEGRITY_VIOLATION")            \
  REASON(kInternal, "INTERNAL")                                 \
  REASON(kIndexRequired, "INDEX_REQUIRED")                      \
  REASON(kInvalidArgument, "INVALID_ARGUMENT")                  \
  REASON(kInvalidConnectionString, "INVALID_CONNECTION_STRING") \
  REASON(kInvalidFilter, "INVALID_FILTER")                      \
  REASON(kInvalidOrderBy, "INVALID_ORDER_BY")                   \
  REASON(kInvalidPackage, "INVALID_PACKAGE")                    \
  REASON(kInvalidPageToken, "INVALID_PAGE_TOKEN")               \
  REASON(kInvalidStatement, "INVALID_STATEMENT")                \
  REASON(kInvalidValue, "INVALID_VALUE")                        \
  REASON(kLimitExceeded, "LIMIT_EXCEEDED")                      \
  REASON(kLockNotAvailable, "LOCK_NOT_AVAILABLE")               \
  REASON(kMaxAffectedExceeded, "MAX_AFFECTED_EXCEEDED")         \
  REASON(kMemoryExhausted, "MEMORY_EXHAUSTED")                  \
  REASON(kMoneyNotPlain, "MONEY_NOT_PLAIN")                     \
  REASON(kNotCommitted, "NOT_COMMITTED")                        \
  REASON(kNotNullViolation, "NOT_NULL_VIOLATION")               \
  REASON(kNotReady, "NOT_READY")                                \
  REASON(kNoRequest, "NO_REQUEST")                              \
  REASON(kObjectNotReady, "OBJECT_NOT_READY")                   \
  REASON(kOutOfOrder, "OUT_OF_ORDER")                           \
  REASON(kPermissionDenied, "PERMISSION_DENIED")                \
  REASON(kPoolTimeout, "POOL_TIMEOUT")                          \
  REASON(kQueryCancelled, "QUERY_CANCELLED")                    \
  REASON(kQueueFull, "QUEUE_FULL")                              \
  REASON(kRaisedException, "RAISED_EXCEPTION")                  \
  REASON(kReadOnlyField, "READ_ONLY_FIELD")                     \
  REASON(kReadOnlyServer, "READ_ONLY_SERVER")                   \
  REASON(kReadOnlyTransaction, "READ_ONLY_TRANSACTION")         \
  REASON(kRequestIdNotInstalled, "REQUEST_ID_NOT_INSTALLED")    \
  REASON(kRequestIdReused, "REQUEST_ID_REUSED")                 \
  REASON(kRestrictViolation, "RESTRICT_VIOLATION")              \
  REASON(kRowNotDeleted, "ROW_NOT_DELETED")                     \
  REASON(kRowNotFound, "ROW_NOT_FOUND")                         \
  REASON(kSerializationFailure, "SERIALIZATION_FAILURE")        \
  REASON(kServerShutdown, "SERVER_SHUTDOWN")                    \
  REASON(kSessionChanged, "SESSION_CHANGED")                    \
  REASON(kSessionIdleTimeout, "SESSION_IDLE_TIMEOUT")           \
  REASON(kSessionMaxDuration, "SESSION_MAX_DURATION")           \
  REASON(kShuttingDown, "SHUTTING_DOWN")                        \
  REASON(kStatementLost, "STATEMENT_LOST")                      \
  REASON(kStatementTimeout, "STATEMENT_TIMEOUT")                \
  REASON(kStreamMaxDuration, "STREAM_MAX_DURATION")             \
  REASON(kTokenExpired, "TOKEN_EXPIRED")                        \
  REASON(kTokenInvalid, "TOKEN_INVALID")                        \
  REASON(kTokenMissing, "TOKEN_MISSING")                        \
  REASON(kTokenNotYetValid, "TOKEN_NOT_YET_VALID")              \
  REASON(kTokenWrongAudience, "TOKEN_WRONG_AUDIENCE")           \
  REASON(kTokenWrongIssuer, "TOKEN_WRONG_ISSUER")               \
  REASON(kTooManyCalls, "TOO_MANY_CALLS")                       \
  REASON(kTooManyConnections, "TOO_MANY_CONNECTIONS")           \
  REASON(kTooManyRelatedRows, "TOO_MANY_RELATED_ROWS")          \
  REASON(kTooManySessions, "TOO_MANY_SESSIONS")                 \
  REASON(kTooManyStreams, "TOO_MANY_STREAMS")                   \
  REASON(kTransactionAborted, "TRANSACTION_ABORTED")            \
  REASON(kTransactionInProcedure, "TRANSACTION_IN_PROCEDURE")   \
  REASON(kTransactionTimeout, "TRANSACTION_TIMEOUT")            \
  REASON(kUniqueViolation, "UNIQUE_VIOLATION")                  \
  REASON(kUnknown, "UNKNOWN")                                   \
  REASON(kUnknownMethod, "UNKNOWN_METHOD")                      \
  REASON(kUnknownService, "UNKNOWN_SERVICE")                    \
  REASON(kUnknownType, "UNKNOWN_TYPE")                          \
  REASON(kValueNotRepresentable, "VALUE_NOT_REPRESENTABLE")     \
  REASON(kValueOutOfRange, "VALUE_OUT_OF_RANGE")                \
  REASON(kValueTooLong, "VALUE_TOO_LONG")                       \
  REASON(kWrittenNotRepresentable, "WRITTEN_NOT_REPRESENTABLE")

#define PROTOGRES_REASON(name, text) inline constexpr char name[] = text;
PROTOGRES_REASONS(PROTOGRES_REASON)
#undef PROTOGRES_REASON

// All of them, in the order of the alphabet.
#define PROTOGRES_REASON(name, text) name,
inline constexpr const char* kReasons[] = {PROTOGRES_REASONS(PROTOGRES_REASON)};
#undef PROTOGRES_REASON
#undef PROTOGRES_REASONS

}  // namespace protogres::status

#endif  // PROTOGRES_SERVICE_STATUS_REASON_H_
