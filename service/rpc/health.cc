#include "rpc/health.h"

#include <algorithm>

#include "grpc/health/v1/health.pb.h"
#include "rpc/executor.h"
#include "status/status.h"

namespace protogres::rpc {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

std::string Response(int status) {
  HealthCheckResponse response;
  response.set_status(static_cast<HealthCheckResponse::ServingStatus>(status));
  return response.SerializeAsString();
}

bool Parse(std::string_view message, HealthCheckRequest* request) {
  return request->ParseFromArray(message.data(), static_cast<int>(message.size()));
}

absl::Status Malformed() { return status::BadRequest("", "the request is no grpc.health.v1.HealthCheckRequest"); }

class CheckHandler final : public Handler {
 public:
  CheckHandler(const Health& health, Call& call) : health_(health), call_(call) {}

  void OnRequest(std::string_view message) override {
    HealthCheckRequest request;
    if (!Parse(message, &request)) return call_.Finish(Malformed());
    const int status = health_.StatusOf(request.service());
    if (status == HealthCheckResponse::SERVICE_UNKNOWN) {
      return call_.Finish(status::Error(absl::StatusCode::kNotFound,
                                        "there is no service \"" + request.service() + "\"", status::kUnknownService));
    }
    call_.Answer(Response(status));
  }
  void OnRefused(const absl::Status& status) override { call_.Finish(status); }
  void OnEnd() override { call_.Finish(Malformed()); }
  // The request has not come yet.
  void OnShutdown() override { call_.Finish(status::ShuttingDown()); }

 private:
  const Health& health_;
  Call& call_;
};

// Writes the status when it has changed. One write is in flight at a time. Changes meanwhile are seen when it ends, so
// that a slow client gets the latest status, and not each one.
class WatchHandler final : public Handler {
 public:
  WatchHandler(const Health& health, ServiceCalls& service_calls, Call& call)
      : health_(health), service_calls_(service_calls), call_(call) {}

  void OnRequest(std::string_view message) override {
    HealthCheckRequest request;
    if (!Parse(message, &request)) return End(Malformed());
    service_ = request.service();
    watching_ = true;
    Continue();
  }
  void OnRefused(const absl::Status& status) override { End(status); }
  void OnWritten() override {
    writing_ = false;
    Continue();
  }
  void OnWake() override { Continue(); }
  void OnEnd() override { End(absl::CancelledError("the client has gone")); }
  void OnCancelled() override {
    cancelled_ = true;
    Continue();
  }

 private:
  void Continue() {
    if (writing_) return;
    if (cancelled_) return OnEnd();
    if (const int status = watching_ ? health_.StatusOf(service_) : sent_; status != sent_) {
      if (auto written = call_.Write(Response(status)); !written.ok()) return End(written);
      sent_ = status;
      writing_ = true;
    } else if (service_calls_.draining()) {
      End(status::ShuttingDown());
    }
  }

  void End(const absl::Status& status) {
    service_calls_.Remove(call_);
    call_.Finish(status);
  }

  const Health& health_;
  ServiceCalls& service_calls_;
  Call& call_;
  std::string service_;
  bool watching_ = false;
  bool writing_ = false;
  bool cancelled_ = false;
  int sent_ = -1;
};

}  // namespace

void Health::SetReady(bool ready) {
  if (ready_.exchange(ready) != ready) service_calls_.WakeAll();
}

bool Health::ready() const { return ready_.load() && !service_calls_.draining(); }

int Health::StatusOf(const std::string& service) const {
  if (service == kLiveness) return HealthCheckResponse::SERVING;
  if (!service.empty()) {
    const auto snapshot = current_.Get();
    if (!std::ranges::binary_search(snapshot->files.services(), service)) {
      return HealthCheckResponse::SERVICE_UNKNOWN;
    }
  }
  return ready() ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

std::unique_ptr<Handler> Health::Check(Call& call) const { return std::make_unique<CheckHandler>(*this, call); }

std::unique_ptr<Handler> Health::Watch(Call& call) const {
  return std::make_unique<WatchHandler>(*this, service_calls_, call);
}

}  // namespace protogres::rpc
