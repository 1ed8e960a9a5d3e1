// The signals that the server heeds: SIGINT and SIGTERM ask it to end, SIGHUP to reload.
#ifndef PROTOGRES_SERVICE_SIGNALS_H_
#define PROTOGRES_SERVICE_SIGNALS_H_

#include <chrono>
#include <functional>

namespace protogres {

// From now on these signals wait until one of the functions below takes them, so that no code runs in a handler. Must
// be called before any thread is started.
void BlockSignals();

// Waits for a signal, for `timeout` at the most. True: SIGINT or SIGTERM has come; it is logged with `what`, what the
// server does now, and a second one ends the process at once. A SIGHUP is taken and means nothing.
bool EndIsAsked(std::chrono::milliseconds timeout, const char* what);

// Blocks until SIGINT or SIGTERM comes, which is logged with `what`; a second one ends the process at once. Each SIGHUP
// calls `on_hangup`.
void WaitForEnd(const std::function<void()>& on_hangup, const char* what);

}  // namespace protogres

#endif  // PROTOGRES_SERVICE_SIGNALS_H_
