// The long-lived streams of the server itself (reflection, health Watch), so
// that they can be told of changes and ended when it drains.
#ifndef PROTOGRES_SERVICE_RPC_STREAMS_H_
#define PROTOGRES_SERVICE_RPC_STREAMS_H_

#include <atomic>
#include <mutex>

#include "absl/container/flat_hash_set.h"
#include "rpc/call.h"

namespace protogres::rpc {

// Thread-safe.
class Streams {
 public:
  // From now on `call` is woken. It must be removed before it is finished.
  void Add(Call& call);
  void Remove(Call& call);
  void WakeAll();

  // Wakes all, which then see draining() and finish with ShuttingDown().
  void Drain();
  bool draining() const { return draining_.load(); }

 private:
  std::atomic<bool> draining_{false};
  std::mutex mutex_;
  absl::flat_hash_set<Call*> calls_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_STREAMS_H_
