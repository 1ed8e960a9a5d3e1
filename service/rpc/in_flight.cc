#include "rpc/in_flight.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "status/status.h"

namespace protogres::rpc {
namespace {

constexpr std::chrono::milliseconds kRetryLater{100};

}  // namespace

absl::Status TooManyCalls(const std::string& what, std::chrono::milliseconds retry) {
  return status::WithRetry(status::Error(absl::StatusCode::kResourceExhausted, what, status::kTooManyCalls), retry);
}

absl::Status CheckInFlight(std::int64_t in_flight, int most) {
  if (most <= 0 || in_flight < most) return absl::OkStatus();
  return TooManyCalls(fmt::format("the server is busy: {} calls are in flight already (--max_in_flight)", in_flight),
                      kRetryLater);
}

// A call in flight, for as long as it exists.
struct InFlight::Entered {
  Entered(std::shared_ptr<const db::Caller> who, std::shared_ptr<Counts> where)
      : caller(std::move(who)), counts(std::move(where)) {}
  ~Entered() {
    const std::lock_guard lock(counts->mutex);
    const auto mine = counts->calls.find(std::string(caller->fingerprint));
    if (--mine->second == 0) counts->calls.erase(mine);
  }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

  const std::shared_ptr<const db::Caller> caller;
  const std::shared_ptr<Counts> counts;
};

absl::StatusOr<std::shared_ptr<const db::Caller>> InFlight::Enter(std::shared_ptr<const db::Caller> caller) {
  if (most_ <= 0 || !caller || !caller->identity) return caller;
  {
    const std::lock_guard lock(counts_->mutex);
    int& mine = counts_->calls[std::string(caller->fingerprint)];
    if (mine >= most_) {
      return TooManyCalls(
          fmt::format("{} calls of this caller are in flight already (--max_in_flight_per_identity)", mine),
          kRetryLater);
    }
    ++mine;
  }
  const auto entered = std::make_shared<Entered>(std::move(caller), counts_);
  return std::shared_ptr<const db::Caller>(entered, entered->caller.get());
}

}  // namespace protogres::rpc
