// The signals that the server heeds: SIGINT and SIGTERM ask it to end, SIGHUP to reload.
#ifndef PROTOGRES_SERVICE_SIGNALS_H_
#define PROTOGRES_SERVICE_SIGNALS_H_

#include <chrono>
#include <functional>

namespace protogres {

// From now on these signals wait until one of the functions below takes them, so that no code runs in a handler. Must
// be called before any thread is started.
void BlockSignals();

// Waits for a signal, for `timeout` at the most. Returns the name of SIGINT or SIGTERM if it has come; then a second
// one ends the process at once. Null: none has come. A SIGHUP is taken and means nothing.
const char* EndIsAsked(std::chrono::milliseconds timeout);

// Blocks until SIGINT or SIGTERM comes, and returns its name; a second one ends the process at once. Each SIGHUP calls
// `on_hangup`.
const char* WaitForEnd(const std::function<void()>& on_hangup);

}  // namespace protogres

#endif  // PROTOGRES_SERVICE_SIGNALS_H_
