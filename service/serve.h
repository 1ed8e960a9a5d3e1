// A server, from its first connection to the database to the end of its drain.
#ifndef PROTOGRES_SERVICE_SERVE_H_
#define PROTOGRES_SERVICE_SERVE_H_

#include <functional>

#include "absl/status/status.h"
#include "config/config.h"

namespace protogres {

// Serves until SIGINT or SIGTERM, then drains. OK: it has drained, or was asked to end before it had started. An error:
// it cannot start, as its address is taken, or the database refuses it for good. Blocks. Where threads still wait some
// time after the drain, the process ends without returning: before that `clean_up` is called, on another thread, and
// may take twenty seconds.
absl::Status Serve(const config::Serve& options, const std::function<void()>& clean_up = nullptr);

// Ends the process with `code`, without what exit() destroys where other threads may still use it.
[[noreturn]] void ExitAtOnce(int code);

// Whether an attempt to connect is under way, on a thread that nobody waits for.
bool IsConnecting();

}  // namespace protogres

#endif  // PROTOGRES_SERVICE_SERVE_H_
