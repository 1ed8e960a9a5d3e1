// A channel, and what every call on it has: deadline, token, metadata.
#ifndef PROTOGRES_INTERNAL_CONNECTION_H_
#define PROTOGRES_INTERNAL_CONNECTION_H_

#include <functional>
#include <memory>
#include <shared_mutex>
#include <stop_token>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "protogres/internal/token_source.h"
#include "protogres/options.h"

namespace protogres::internal {

// gRPC's threads for callbacks end with the last channel that uses them, which waits for them: in one of them, where a
// call may well be the last to hold its channel, it would wait for itself. This keeps them until the process ends.
void KeepCallbackThreads();

// Held by clients, and by each call for as long as it runs, so that a client can go before its calls. Thread-safe.
class Connection {
 public:
  // Does not block, but for reading the files of `options`. INVALID_ARGUMENT, with what is wrong; NOT_FOUND: a file.
  static absl::StatusOr<std::shared_ptr<Connection>> Create(const Options& options);

  const Options& options() const { return options_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // The stub of a service; made at its first use, and lives as long as the connection.
  template <class Service>
  typename Service::Stub* stub();

  // For the calls that gRPC answers on its own threads.
  template <class Service>
  auto* async_stub() {
    KeepCallbackThreads();
    return stub<Service>()->async();
  }

  // When a call that begins now is over.
  absl::Time Deadline(const CallOptions& call) const;
  // Makes a context ready for one attempt. Blocks as long as the token's source does, whose error it is.
  absl::Status Prepare(const CallOptions& call, absl::Time deadline, grpc::ClientContext* context);

 private:
  Connection(Options options, std::shared_ptr<grpc::Channel> channel);

  const Options options_;
  const std::shared_ptr<grpc::Channel> channel_;
  TokenSource token_;
  std::shared_mutex mutex_;
  std::unordered_map<const void*, std::shared_ptr<void>> stubs_;
};

// Cancels a call when `stop` says so, for as long as this lives.
class StopCall {
 public:
  StopCall(const std::stop_token& stop, grpc::ClientContext* context) {
    if (stop.stop_possible()) callback_.emplace(stop, Cancel{context});
  }

 private:
  struct Cancel {
    grpc::ClientContext* context;
    void operator()() const { context->TryCancel(); }
  };
  std::optional<std::stop_callback<Cancel>> callback_;
};

// The address of this is a type's own.
template <class>
inline constexpr char kTypeKey = 0;

template <class Service>
typename Service::Stub* Connection::stub() {
  using Stub = typename Service::Stub;
  const void* key = &kTypeKey<Stub>;
  {
    std::shared_lock lock(mutex_);
    const auto found = stubs_.find(key);
    if (found != stubs_.end()) return static_cast<Stub*>(found->second.get());
  }
  std::unique_lock lock(mutex_);
  std::shared_ptr<void>& stub = stubs_[key];
  if (stub == nullptr) stub = std::make_shared<Stub>(channel_);
  return static_cast<Stub*>(stub.get());
}

}  // namespace protogres::internal

#endif  // PROTOGRES_INTERNAL_CONNECTION_H_
