// The service grpc.health.v1.Health, which says whether the server and its services are ready.
#ifndef PROTOGRES_SERVICE_RPC_HEALTH_H_
#define PROTOGRES_SERVICE_RPC_HEALTH_H_

#include <atomic>
#include <memory>
#include <string>

#include "rpc/call.h"
#include "rpc/service_calls.h"
#include "rpc/snapshot.h"

namespace protogres::rpc {

// Thread-safe. Must outlive its Calls.
class Health {
 public:
  // The name of a service that is always SERVING, as the process answers.
  static constexpr char kLiveness[] = "liveness";

  Health(const Current& current, ServiceCalls& service_calls) : current_(current), service_calls_(service_calls) {}

  // Sets the status of "" and of every service of the Api in force. When a drain has begun, they stay NOT_SERVING.
  void SetReady(bool ready);

  // Whether the status of "" is SERVING.
  bool ready() const;

  // The status of `service`, a grpc.health.v1.HealthCheckResponse.ServingStatus.
  int StatusOf(const std::string& service) const;

  std::unique_ptr<Handler> Check(Call& call) const;
  // The Call was added to the ServiceCalls. The Handler removes it.
  std::unique_ptr<Handler> Watch(Call& call) const;

 private:
  const Current& current_;
  ServiceCalls& service_calls_;
  std::atomic<bool> ready_{false};
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_HEALTH_H_
