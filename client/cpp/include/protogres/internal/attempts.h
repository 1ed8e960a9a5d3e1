// When a call is sent again.
#ifndef PROTOGRES_INTERNAL_ATTEMPTS_H_
#define PROTOGRES_INTERNAL_ATTEMPTS_H_

#include <optional>
#include <stop_token>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/client_context.h"
#include "protogres/options.h"

namespace protogres::internal {

// What a server or a proxy says in grpc-retry-pushback-ms, by gRFC A6. Negative: do not try again.
std::optional<absl::Duration> Pushback(const grpc::ClientContext& context);

// Whether an error is one that another attempt may not meet; see Retry.
bool Transient(const absl::Status& status, std::optional<absl::Duration> pushback);

// The attempts of one piece of work: one call, or one transaction.
class Attempts {
 public:
  Attempts(const Retry& retry, absl::Time deadline) : retry_(retry), deadline_(deadline) {}

  // After a failed attempt: how long to wait before the next one. Nullopt: there is none, since there were enough, or
  // it would begin after the deadline.
  std::optional<absl::Duration> Next(const absl::Status& status, std::optional<absl::Duration> pushback);
  // Something was achieved: the count and the backoff begin anew.
  void Progress() { made_ = 1; }

 private:
  const Retry retry_;
  const absl::Time deadline_;
  int made_ = 1;
};

// Blocks for so long, or until `stop`. False: stopped.
bool Sleep(absl::Duration duration, const std::stop_token& stop);

}  // namespace protogres::internal

#endif  // PROTOGRES_INTERNAL_ATTEMPTS_H_
