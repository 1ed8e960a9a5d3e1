#include "signals.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>

namespace protogres {
namespace {

sigset_t HandledSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

// The process that does not end by itself is ended by a second signal at once.
const char* Heed(int signal) {
  sigset_t signals = HandledSignals();
  sigdelset(&signals, SIGHUP);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return signal == SIGINT ? "SIGINT" : "SIGTERM";
}

int NextSignal(std::chrono::milliseconds timeout) {
  const sigset_t signals = HandledSignals();
  const timespec wait{timeout.count() / 1000, timeout.count() % 1000 * 1'000'000};
  return std::max(0, sigtimedwait(&signals, nullptr, &wait));
}

}  // namespace

void BlockSignals() {
  const sigset_t signals = HandledSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

const char* EndIsAsked(std::chrono::milliseconds timeout) {
  const int signal = NextSignal(timeout);
  return signal == 0 || signal == SIGHUP ? nullptr : Heed(signal);
}

const char* WaitForEnd(const std::function<void()>& on_hangup) {
  int signal = 0;
  while (signal == 0 || signal == SIGHUP) {
    signal = NextSignal(std::chrono::hours(1));
    if (signal == SIGHUP) on_hangup();
  }
  return Heed(signal);
}

}  // namespace protogres
