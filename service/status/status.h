// Errors as callers see them: an absl::Status with google.rpc details as
// payloads. Every layer makes its errors here, so that all look alike.
#ifndef PROTOGRES_SERVICE_STATUS_STATUS_H_
#define PROTOGRES_SERVICE_STATUS_STATUS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "status/reason.h"

namespace protogres::status {

// An error with google.rpc.ErrorInfo: domain `protogres`, `reason` in
// UPPER_SNAKE, and `metadata` (sqlstate, table, constraint, column; empty values are left out).
absl::Status Error(absl::StatusCode code, const std::string& message, const std::string& reason,
                   const std::map<std::string, std::string>& metadata = {});

// INVALID_ARGUMENT with ErrorInfo and a google.rpc.BadRequest violation.
// `path` is the field's in the request ("customer.email"; empty: the request as
// a whole); the message reads "<path>: <what>".
absl::Status BadRequest(const std::string& path, const std::string& what, const std::string& reason = kInvalidArgument);

// `status` with `prefix` and a dot before the paths that its BadRequest and its message name: for
// requests within requests ("requests[3]"). OK and errors without a BadRequest get only the message's prefix.
absl::Status Within(const std::string& prefix, const absl::Status& status);

// `status`, which is an error, with all that it has but another message.
absl::Status Reworded(const absl::Status& status, const std::string& message);

// `status` with google.rpc.RetryInfo.
absl::Status WithRetry(absl::Status status, std::chrono::milliseconds delay);

// `status` with one more value in its ErrorInfo's metadata; it gets an ErrorInfo where it has none.
absl::Status WithMetadata(absl::Status status, const std::string& key, const std::string& value);

// `error` with a word in its metadata that it is of what a transaction begins with, its settings or a function, and not
// of the statement with which that came.
absl::Status OfBegin(const absl::Status& error);
bool IsOfBegin(const absl::Status& error);

// The reason of its ErrorInfo; empty: it has none.
std::string ReasonOf(const absl::Status& status);

// A value of its ErrorInfo's metadata ("sqlstate", "table", "constraint", "column"); empty: it has none.
std::string MetadataOf(const absl::Status& status, const std::string& key);

// Errors that several layers tell, each in one wording.

// INTERNAL: something that cannot be, or an exception. `message` says what.
absl::Status Internal(const std::string& message);
// UNAVAILABLE: calls that meet the end of the server.
absl::Status ShuttingDown();
// UNKNOWN: the connection or the server failed during COMMIT, so it may have taken place. Never to be retried.
absl::Status CommitInDoubt(const std::string& message);
// OK, or RESOURCE_EXHAUSTED: an answer of so many `bytes` is larger than `limit`, the most that may be sent.
absl::Status CheckAnswer(std::size_t bytes, std::int64_t limit);
// INTERNAL with the text of an exception that a call has thrown.
absl::Status Thrown(const std::exception& error);

// The serialized google.rpc.Status for grpc-status-details-bin: code, message
// and every payload. Empty for OK and where there are no details.
std::string DetailsOf(const absl::Status& status);

}  // namespace protogres::status

#endif  // PROTOGRES_SERVICE_STATUS_STATUS_H_
