#include "protogres/stream.h"

namespace protogres::internal {

bool Resumable(const absl::Status& status, std::optional<absl::Duration> pushback) {
  if (Transient(status, pushback)) return true;
  // The server has ended a Stream that was slow or long; its token is as good as before.
  const std::string reason = Error(status).reason();
  return reason == "SESSION_IDLE_TIMEOUT" || reason == "STREAM_MAX_DURATION";
}

}  // namespace protogres::internal
