#include "rpc/service_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "db/memory.h"
#include "rpc/in_flight.h"
#include "status/macros.h"

namespace protogres::rpc {
namespace {

constexpr int kMostOfPeer = 16;
// All together may take this part of the memory of calls. The rest is for calls that do something.
constexpr std::int64_t kShare = 8;  // 1/8
// How many bytes one takes. This was measured.
constexpr std::int64_t kBytes = 16 * 1024;
constexpr std::chrono::milliseconds kRetryLater{1000};

}  // namespace

absl::Status ServiceCalls::Check(const Call& call) const {
  const std::int64_t most = std::max<std::int64_t>(kMostOfPeer, db::Memory::OfProcess().limit() / kShare / kBytes);
  if (static_cast<std::int64_t>(calls_.size()) >= most) {
    return TooManyCalls(
        fmt::format("{} health Watches and reflection streams are open already: they may take an eighth of "
                    "the memory (--max_memory)",
                    calls_.size()),
        kRetryLater);
  }
  // All connections to a Unix socket have one name.
  const auto found = of_peers_.find(call.peer());
  if (found == of_peers_.end() || found->second < kMostOfPeer || call.peer().starts_with("unix:")) {
    return absl::OkStatus();
  }
  return TooManyCalls(
      fmt::format("{} health Watches and reflection streams of this connection are open already, which is "
                  "the most there may be",
                  found->second),
      kRetryLater);
}

absl::Status ServiceCalls::Add(Call& call) {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(Check(call));
  if (calls_.insert(&call).second) ++of_peers_[call.peer()];
  // It has begun while the drain did, and would otherwise wait until its client sends something.
  if (draining_.load()) call.Wake();
  return absl::OkStatus();
}

void ServiceCalls::Remove(Call& call) {
  std::lock_guard lock(mutex_);
  if (calls_.erase(&call) == 0) return;
  const auto found = of_peers_.find(call.peer());
  if (--found->second == 0) of_peers_.erase(found);
}

void ServiceCalls::WakeAll() {
  std::lock_guard lock(mutex_);
  for (Call* call : calls_) call->Wake();
}

void ServiceCalls::Wake(Call* call) {
  std::lock_guard lock(mutex_);
  if (calls_.contains(call)) call->Wake();
}

void ServiceCalls::Drain() {
  draining_.store(true);
  WakeAll();
}

}  // namespace protogres::rpc
