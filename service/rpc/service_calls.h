// The open calls of the server's own services, reflection and health Watch. They stay open for long, so they must be
// told of changes, and be ended when the server drains.
#ifndef PROTOGRES_SERVICE_RPC_SERVICE_CALLS_H_
#define PROTOGRES_SERVICE_RPC_SERVICE_CALLS_H_

#include <atomic>
#include <mutex>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "rpc/call.h"

namespace protogres::rpc {

// Thread-safe.
class ServiceCalls {
 public:
  // OK: from now on WakeAll wakes `call`, which must be removed before it is finished. RESOURCE_EXHAUSTED, reason
  // TOO_MANY_CALLS: so many are open already of its connection, or in all, that it was not added. They need no token,
  // and each takes memory for as long as its client wants.
  absl::Status Add(Call& call);
  void Remove(Call& call);
  void WakeAll();
  // Wakes `call`, if it was added and not removed: it need not exist any more.
  void Wake(Call* call);

  // Wakes all calls. Each then sees draining() and finishes with status::ShuttingDown.
  void Drain();
  bool draining() const { return draining_.load(); }

 private:
  // The lock must be held.
  absl::Status Check(const Call& call) const;

  std::atomic<bool> draining_{false};
  std::mutex mutex_;
  absl::flat_hash_set<Call*> calls_;
  absl::flat_hash_map<std::string, int> of_peers_;  // how many there are, by Call::peer
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_SERVICE_CALLS_H_
