#include "protogres/internal/attempts.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <string>

#include "absl/random/random.h"
#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "protogres/error.h"

namespace protogres::internal {

std::optional<absl::Duration> Pushback(const grpc::ClientContext& context) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto found = trailers.find("grpc-retry-pushback-ms");
  if (found == trailers.end()) return std::nullopt;
  int milliseconds = 0;
  const std::string text(found->second.data(), found->second.size());
  // What cannot be read means no further attempt, by gRFC A6.
  if (!absl::SimpleAtoi(text, &milliseconds)) return absl::Milliseconds(-1);
  return absl::Milliseconds(milliseconds);
}

bool Transient(const absl::Status& status, std::optional<absl::Duration> pushback) {
  if (pushback.has_value() && *pushback < absl::ZeroDuration()) return false;
  if (status.code() == absl::StatusCode::kUnavailable) return true;
  return status.code() == absl::StatusCode::kResourceExhausted &&
         (pushback.has_value() || Error(status).retry_delay().has_value());
}

std::optional<absl::Duration> Attempts::Next(const absl::Status& status, std::optional<absl::Duration> pushback) {
  if (made_ >= retry_.max_attempts) return std::nullopt;
  const double doubled = std::pow(2.0, std::min(made_ - 1, 30));
  const absl::Duration backoff = std::min(retry_.initial_backoff * doubled, retry_.max_backoff);
  ++made_;
  thread_local absl::InsecureBitGen random;
  absl::Duration wait = backoff * absl::Uniform(random, 0.5, 1.0);
  // Those who are told the same time must not come back at the same time.
  const auto least = pushback.has_value() ? pushback : Error(status).retry_delay();
  if (least.has_value()) wait = std::max(wait, *least * absl::Uniform(random, 1.0, 1.2));
  if (deadline_ != absl::InfiniteFuture() && absl::Now() + wait >= deadline_) return std::nullopt;
  return wait;
}

bool Sleep(absl::Duration duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  // A server may ask for more than a clock can count to.
  const absl::Duration wait = std::min(duration, absl::Hours(24 * 365));
  never.wait_for(lock, stop, absl::ToChronoNanoseconds(wait), [] { return false; });
  return !stop.stop_requested();
}

}  // namespace protogres::internal
