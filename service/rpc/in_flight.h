// How many calls are in flight, in all and of each Identity, and the limits of both.
#ifndef PROTOGRES_SERVICE_RPC_IN_FLIGHT_H_
#define PROTOGRES_SERVICE_RPC_IN_FLIGHT_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/caller.h"

namespace protogres::rpc {

// RESOURCE_EXHAUSTED, reason TOO_MANY_CALLS, with RetryInfo.
absl::Status TooManyCalls(const std::string& what, std::chrono::milliseconds retry);

// OK, or the error of TooManyCalls: `most` calls are in flight already. 0: no limit.
absl::Status CheckInFlight(std::int64_t in_flight, int most);

// Counts the calls of each Identity. All tokens of one user are one Identity here. Thread-safe.
class InFlight {
 public:
  // `most`: of each Identity. 0: no limit.
  explicit InFlight(int most) : most_(most), counts_(std::make_shared<Counts>()) {}

  // `caller`, whose call is in flight until the last copy of what is returned is gone; that may be after the InFlight.
  // The error is that of CheckInFlight. Null, or a caller without an Identity, has no limit.
  absl::StatusOr<std::shared_ptr<const db::Caller>> Enter(std::shared_ptr<const db::Caller> caller);

 private:
  struct Counts {
    std::mutex mutex;
    std::unordered_map<std::string, int> calls;  // by Caller::fingerprint; only of those that have some
  };
  struct Entered;

  const int most_;
  const std::shared_ptr<Counts> counts_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_IN_FLIGHT_H_
