// grpc.health.v1: whether the server and its services are ready.
#ifndef PROTOGRES_SERVICE_RPC_HEALTH_H_
#define PROTOGRES_SERVICE_RPC_HEALTH_H_

#include <atomic>
#include <memory>
#include <string>

#include "rpc/call.h"
#include "rpc/snapshot.h"
#include "rpc/streams.h"

namespace protogres::rpc {

// Thread-safe; must outlive its Calls.
class Health {
 public:
  // A name that is always SERVING: that the process answers at all.
  static constexpr char kLiveness[] = "liveness";

  Health(const Current& current, Streams& streams) : current_(current), streams_(streams) {}

  // Of "" and of every service of the Api in force.
  void SetReady(bool ready);

  // grpc.health.v1.HealthCheckResponse.ServingStatus
  int StatusOf(const std::string& service) const;

  std::unique_ptr<Handler> Check(Call& call) const;
  std::unique_ptr<Handler> Watch(Call& call) const;

 private:
  const Current& current_;
  Streams& streams_;
  std::atomic<bool> ready_{false};
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_HEALTH_H_
