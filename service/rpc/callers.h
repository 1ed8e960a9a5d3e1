// Finds out as whom a Call runs, by its headers. It knows no SQL.
#ifndef PROTOGRES_SERVICE_RPC_CALLERS_H_
#define PROTOGRES_SERVICE_RPC_CALLERS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "auth/authenticator.h"
#include "db/caller.h"
#include "rpc/call.h"

namespace protogres::rpc {

// Thread-safe.
class Callers {
 public:
  // See auth::Authenticator::Open. `pre_request`: see db::Opening.
  static absl::StatusOr<std::unique_ptr<Callers>> Open(const auth::AuthOptions& options, std::string pre_request);

  // Null: calls have no Identity and no settings of their own. The errors are those of Authenticator::Authenticate.
  absl::StatusOr<std::shared_ptr<const db::Caller>> Find(const Call& call);
  // OK: the call has a token that is valid. A call without one is refused, whether there is an anonymous role or not.
  absl::Status Authenticated(const Call& call);

 private:
  Callers(std::unique_ptr<auth::Authenticator> authenticator, std::string pre_request);

  const std::unique_ptr<auth::Authenticator> authenticator_;  // null: calls have no Identity
  const std::string pre_request_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_CALLERS_H_
