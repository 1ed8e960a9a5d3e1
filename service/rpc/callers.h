// Finds out as whom a Call runs, by its headers and the certificate of its client. It knows no SQL.
#ifndef PROTOGRES_SERVICE_RPC_CALLERS_H_
#define PROTOGRES_SERVICE_RPC_CALLERS_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "auth/authenticator.h"
#include "db/caller.h"
#include "metrics/counter.h"
#include "rpc/call.h"

namespace protogres::rpc {

struct CallerOptions {
  auth::AuthOptions auth = {};
  // See db::Opening.
  std::string pre_request = {};
  // PostgreSQL shows the method and the trace of a call as the application_name of its transactions.
  bool trace_sql = false;
};

// Thread-safe.
class Callers {
 public:
  // The errors are those of auth::Authenticator::Open.
  static absl::StatusOr<std::unique_ptr<Callers>> Open(const CallerOptions& options);

  // Null: calls have no Identity and no settings of their own. The errors are those of Authenticator::Authenticate.
  absl::StatusOr<std::shared_ptr<const db::Caller>> Find(const Call& call);
  // Never null: a call that has a token that is valid, or a certificate that gives it a role. One with neither is
  // refused, whether there is an anonymous role or not.
  absl::StatusOr<std::shared_ptr<const auth::Identity>> Authenticated(const Call& call);

  // How many calls were refused so far, by each reason for which they can be.
  using Refusals = std::vector<std::pair<const char*, std::uint64_t>>;
  Refusals refusals() const;

 private:
  Callers(std::unique_ptr<auth::Authenticator> authenticator, const CallerOptions& options);
  absl::StatusOr<std::shared_ptr<const auth::Identity>> Authenticate(const Call& call);
  absl::Status Count(absl::Status refusal);

  const std::unique_ptr<auth::Authenticator> authenticator_;  // null: calls have no Identity
  const auth::TlsRole tls_role_;
  const std::string pre_request_;
  const bool trace_sql_;
  std::array<metrics::Counter, std::size(auth::kRefusals)> refusals_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_CALLERS_H_
