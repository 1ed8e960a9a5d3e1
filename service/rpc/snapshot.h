// A Snapshot is what a new call runs with: the Api that is in force, and what reflection says about it.
#ifndef PROTOGRES_SERVICE_RPC_SNAPSHOT_H_
#define PROTOGRES_SERVICE_RPC_SNAPSHOT_H_

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "api/api.h"
#include "rpc/served_files.h"

namespace protogres::rpc {

// Immutable.
struct Snapshot {
  Snapshot(std::shared_ptr<const api::Api> api_in_force, std::string reason, Reflection mode = Reflection::kOn)
      : api(std::move(api_in_force)), why(std::move(reason)), reflection(mode), files(api.get(), mode) {}

  const std::shared_ptr<const api::Api> api;  // null: the catalog could not be read yet
  const std::string why;                      // the reason, if there is no Api
  const Reflection reflection;
  const ServedFiles files;
};

// The Snapshot in force. Thread-safe.
class Current {
 public:
  std::shared_ptr<const Snapshot> Get() const {
    std::lock_guard lock(mutex_);
    return snapshot_;
  }
  void Set(std::shared_ptr<const Snapshot> snapshot) {
    std::lock_guard lock(mutex_);
    snapshot_.swap(snapshot);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_ = std::make_shared<const Snapshot>(nullptr, "");
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_SNAPSHOT_H_
