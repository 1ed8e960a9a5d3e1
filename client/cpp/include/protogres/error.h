// What an error says to a program: docs/errors.md has the reasons, and what to do about each.
#ifndef PROTOGRES_ERROR_H_
#define PROTOGRES_ERROR_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/support/status.h"

namespace protogres {

// Reasons that programs often decide by.
inline constexpr char kCommitInDoubt[] = "COMMIT_IN_DOUBT";
inline constexpr char kEtagMismatch[] = "ETAG_MISMATCH";
inline constexpr char kForeignKeyViolation[] = "FOREIGN_KEY_VIOLATION";
inline constexpr char kInvalidFilter[] = "INVALID_FILTER";
inline constexpr char kRowNotFound[] = "ROW_NOT_FOUND";
inline constexpr char kSerializationFailure[] = "SERIALIZATION_FAILURE";
inline constexpr char kUniqueViolation[] = "UNIQUE_VIOLATION";

// The details of a status that a call of this library has returned. A value of its own, which outlives the status.
class Error {
 public:
  struct Violation {
    std::string field;  // the path of the field in the request: "customer.email"
    std::string description;
  };

  // Any status will do: what it does not have is empty.
  explicit Error(const absl::Status& status);

  absl::StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }
  // Empty: the error is not the server's but of gRPC, a proxy, or this library.
  const std::string& reason() const { return reason_; }
  std::string sqlstate() const { return Metadata("sqlstate"); }
  std::string table() const { return Metadata("table"); }
  std::string constraint() const { return Metadata("constraint"); }
  std::string column() const { return Metadata("column"); }
  // Of bad input: which fields, and what is wrong with each.
  const std::vector<Violation>& violations() const { return violations_; }
  // How long to wait before the next attempt, where the server says so.
  std::optional<absl::Duration> retry_delay() const { return retry_delay_; }
  // Also "operation" of a Transact, "row" of an Import. Empty: there is none of this name.
  std::string Metadata(const std::string& name) const;

 private:
  absl::StatusCode code_;
  std::string message_;
  std::string reason_;
  std::map<std::string, std::string> metadata_;
  std::vector<Violation> violations_;
  std::optional<absl::Duration> retry_delay_;
};

// The status of a call, with its details as payloads, each under its type's URL.
absl::Status ToStatus(const grpc::Status& status);

}  // namespace protogres

#endif  // PROTOGRES_ERROR_H_
