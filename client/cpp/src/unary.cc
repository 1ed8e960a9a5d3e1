#include "protogres/internal/unary.h"

#include <cstdint>

#include "absl/random/random.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "grpcpp/alarm.h"

namespace protogres::internal {

std::string NewRequestId() {
  thread_local absl::BitGen random;
  const auto high = absl::Uniform<uint64_t>(random);
  const auto low = absl::Uniform<uint64_t>(random);
  return absl::StrFormat("%08x-%04x-4%03x-%04x-%012x", high >> 32, (high >> 16) & 0xffff, high & 0xfff,
                         ((low >> 48) & 0x3fff) | 0x8000, low & 0xffffffffffff);
}

Task<bool> SleepTask(Executor executor, absl::Duration duration, std::stop_token stop) {
  const auto alarm = std::make_shared<grpc::Alarm>();
  const auto until = absl::ToChronoTime(absl::Now() + duration);
  const auto cancel = [alarm] { alarm->Cancel(); };
  std::optional<std::stop_callback<std::function<void()>>> wake;
  Callback<bool> over(
      executor,
      [&](std::function<void(bool)> done) {
        // The alarm holds this function for as long as it lives, and so must not be held by it any longer.
        alarm->Set(until, [own = alarm, done = std::move(done)](bool) mutable {
          const auto last = std::move(own);
          done(true);
        });
        // Not before: an alarm that is not set cannot be cancelled, and a stop that came already would be lost.
        wake.emplace(stop, cancel);
      },
      cancel);
  co_await over;
  co_return !stop.stop_requested();
}

}  // namespace protogres::internal
