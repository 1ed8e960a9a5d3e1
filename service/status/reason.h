// The reasons of errors: what stands in google.rpc.ErrorInfo.reason, which clients decide by. Each is written here and
// nowhere else. docs/errors.md explains them.
#ifndef PROTOGRES_SERVICE_STATUS_REASON_H_
#define PROTOGRES_SERVICE_STATUS_REASON_H_

namespace protogres::status {

inline constexpr char kAmbiguousPackage[] = "AMBIGUOUS_PACKAGE";
inline constexpr char kAnswerTooLarge[] = "ANSWER_TOO_LARGE";
inline constexpr char kAuthenticationFailed[] = "AUTHENTICATION_FAILED";
inline constexpr char kBindingUnresolved[] = "BINDING_UNRESOLVED";
inline constexpr char kBoundRequestTooLarge[] = "BOUND_REQUEST_TOO_LARGE";
inline constexpr char kCancelled[] = "CANCELLED";
inline constexpr char kCardinalityViolation[] = "CARDINALITY_VIOLATION";
inline constexpr char kCatalogMoved[] = "CATALOG_MOVED";
inline constexpr char kCheckOptionViolation[] = "CHECK_OPTION_VIOLATION";
inline constexpr char kCheckViolation[] = "CHECK_VIOLATION";
inline constexpr char kCommitInDoubt[] = "COMMIT_IN_DOUBT";
inline constexpr char kConnectionLost[] = "CONNECTION_LOST";
inline constexpr char kContractFile[] = "CONTRACT_FILE";
inline constexpr char kContractMismatch[] = "CONTRACT_MISMATCH";
inline constexpr char kDatabaseNotFound[] = "DATABASE_NOT_FOUND";
inline constexpr char kDatabaseUnavailable[] = "DATABASE_UNAVAILABLE";
inline constexpr char kDeadlineExceeded[] = "DEADLINE_EXCEEDED";
inline constexpr char kDeadlockDetected[] = "DEADLOCK_DETECTED";
inline constexpr char kEtagMismatch[] = "ETAG_MISMATCH";
inline constexpr char kExclusionViolation[] = "EXCLUSION_VIOLATION";
inline constexpr char kFeatureNotSupported[] = "FEATURE_NOT_SUPPORTED";
inline constexpr char kForeignKeyViolation[] = "FOREIGN_KEY_VIOLATION";
inline constexpr char kIdleInTransaction[] = "IDLE_IN_TRANSACTION";
inline constexpr char kInsufficientResources[] = "INSUFFICIENT_RESOURCES";
inline constexpr char kIntegrityViolation[] = "INTEGRITY_VIOLATION";
inline constexpr char kInternal[] = "INTERNAL";
inline constexpr char kInvalidArgument[] = "INVALID_ARGUMENT";
inline constexpr char kInvalidConnectionString[] = "INVALID_CONNECTION_STRING";
inline constexpr char kInvalidFilter[] = "INVALID_FILTER";
inline constexpr char kInvalidOrderBy[] = "INVALID_ORDER_BY";
inline constexpr char kInvalidPackage[] = "INVALID_PACKAGE";
inline constexpr char kInvalidPageToken[] = "INVALID_PAGE_TOKEN";
inline constexpr char kInvalidStatement[] = "INVALID_STATEMENT";
inline constexpr char kInvalidValue[] = "INVALID_VALUE";
inline constexpr char kLimitExceeded[] = "LIMIT_EXCEEDED";
inline constexpr char kLockNotAvailable[] = "LOCK_NOT_AVAILABLE";
inline constexpr char kMaxAffectedExceeded[] = "MAX_AFFECTED_EXCEEDED";
inline constexpr char kMemoryExhausted[] = "MEMORY_EXHAUSTED";
inline constexpr char kMoneyNotPlain[] = "MONEY_NOT_PLAIN";
inline constexpr char kNotCommitted[] = "NOT_COMMITTED";
inline constexpr char kNotNullViolation[] = "NOT_NULL_VIOLATION";
inline constexpr char kNotReady[] = "NOT_READY";
inline constexpr char kObjectNotReady[] = "OBJECT_NOT_READY";
inline constexpr char kOutOfOrder[] = "OUT_OF_ORDER";
inline constexpr char kPermissionDenied[] = "PERMISSION_DENIED";
inline constexpr char kPoolTimeout[] = "POOL_TIMEOUT";
inline constexpr char kQueryCancelled[] = "QUERY_CANCELLED";
inline constexpr char kQueueFull[] = "QUEUE_FULL";
inline constexpr char kRaisedException[] = "RAISED_EXCEPTION";
inline constexpr char kReadOnlyField[] = "READ_ONLY_FIELD";
inline constexpr char kReadOnlyServer[] = "READ_ONLY_SERVER";
inline constexpr char kReadOnlyTransaction[] = "READ_ONLY_TRANSACTION";
inline constexpr char kRequestIdNotInstalled[] = "REQUEST_ID_NOT_INSTALLED";
inline constexpr char kRequestIdReused[] = "REQUEST_ID_REUSED";
inline constexpr char kRestrictViolation[] = "RESTRICT_VIOLATION";
inline constexpr char kRowNotDeleted[] = "ROW_NOT_DELETED";
inline constexpr char kRowNotFound[] = "ROW_NOT_FOUND";
inline constexpr char kSerializationFailure[] = "SERIALIZATION_FAILURE";
inline constexpr char kServerShutdown[] = "SERVER_SHUTDOWN";
inline constexpr char kSessionChanged[] = "SESSION_CHANGED";
inline constexpr char kSessionIdleTimeout[] = "SESSION_IDLE_TIMEOUT";
inline constexpr char kSessionMaxDuration[] = "SESSION_MAX_DURATION";
inline constexpr char kShuttingDown[] = "SHUTTING_DOWN";
inline constexpr char kStatementLost[] = "STATEMENT_LOST";
inline constexpr char kStatementTimeout[] = "STATEMENT_TIMEOUT";
inline constexpr char kStreamMaxDuration[] = "STREAM_MAX_DURATION";
inline constexpr char kTooManyConnections[] = "TOO_MANY_CONNECTIONS";
inline constexpr char kTooManySessions[] = "TOO_MANY_SESSIONS";
inline constexpr char kTooManyStreams[] = "TOO_MANY_STREAMS";
inline constexpr char kTransactionAborted[] = "TRANSACTION_ABORTED";
inline constexpr char kTransactionTimeout[] = "TRANSACTION_TIMEOUT";
inline constexpr char kUniqueViolation[] = "UNIQUE_VIOLATION";
inline constexpr char kUnknown[] = "UNKNOWN";
inline constexpr char kUnknownMethod[] = "UNKNOWN_METHOD";
inline constexpr char kUnknownService[] = "UNKNOWN_SERVICE";
inline constexpr char kUnknownType[] = "UNKNOWN_TYPE";
inline constexpr char kValueNotRepresentable[] = "VALUE_NOT_REPRESENTABLE";
inline constexpr char kValueOutOfRange[] = "VALUE_OUT_OF_RANGE";
inline constexpr char kValueTooLong[] = "VALUE_TOO_LONG";
inline constexpr char kWrittenNotRepresentable[] = "WRITTEN_NOT_REPRESENTABLE";

}  // namespace protogres::status

#endif  // PROTOGRES_SERVICE_STATUS_REASON_H_
