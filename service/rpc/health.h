// grpc.health.v1: whether the server and its services are ready.
#ifndef PROTOGRES_SERVICE_RPC_HEALTH_H_
#define PROTOGRES_SERVICE_RPC_HEALTH_H_

#include <atomic>
#include <memory>
#include <string>

#include "rpc/call.h"
#include "rpc/service_calls.h"
#include "rpc/snapshot.h"

namespace protogres::rpc {

// Thread-safe; must outlive its Calls.
class Health {
 public:
  // A name that is always SERVING: that the process answers at all.
  static constexpr char kLiveness[] = "liveness";

  Health(const Current& current, ServiceCalls& service_calls) : current_(current), service_calls_(service_calls) {}

  // Of "" and of every service of the Api in force. From the beginning of a drain on they are not ready, whatever is
  // said here.
  void SetReady(bool ready);

  // grpc.health.v1.HealthCheckResponse.ServingStatus
  int StatusOf(const std::string& service) const;

  std::unique_ptr<Handler> Check(Call& call) const;
  std::unique_ptr<Handler> Watch(Call& call) const;

 private:
  const Current& current_;
  ServiceCalls& service_calls_;
  std::atomic<bool> ready_{false};
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_HEALTH_H_
