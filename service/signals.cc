#include "signals.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>

#include "spdlog/spdlog.h"

namespace protogres {
namespace {

sigset_t HandledSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

// The process that does not end by itself is ended by a second signal at once.
void Heed(int signal, const char* what) {
  spdlog::info("{}: {}", signal == SIGINT ? "SIGINT" : "SIGTERM", what);
  sigset_t signals = HandledSignals();
  sigdelset(&signals, SIGHUP);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
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

bool EndIsAsked(std::chrono::milliseconds timeout, const char* what) {
  const int signal = NextSignal(timeout);
  if (signal == 0 || signal == SIGHUP) return false;
  Heed(signal, what);
  return true;
}

void WaitForEnd(const std::function<void()>& on_hangup, const char* what) {
  int signal = 0;
  while (signal == 0 || signal == SIGHUP) {
    signal = NextSignal(std::chrono::hours(1));
    if (signal == SIGHUP) on_hangup();
  }
  Heed(signal, what);
}

}  // namespace protogres
