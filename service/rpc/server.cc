#include "rpc/server.h"

#include <fmt/format.h>
#include <grpc/grpc.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include "db/memory.h"
#include "rpc/acceptor.h"
#include "rpc/callers.h"
#include "rpc/connections.h"
#include "rpc/executor.h"
#include "rpc/gate.h"
#include "rpc/grpc_limits.h"
#include "rpc/grpc_log.h"
#include "rpc/health.h"
#include "rpc/in_flight.h"
#include "rpc/listen.h"
#include "rpc/method_type.h"
#include "rpc/reflection.h"
#include "rpc/role_views.h"
#include "rpc/server_limits.h"
#include "rpc/service_calls.h"
#include "rpc/session_call.h"
#include "rpc/snapshot.h"
#include "rpc/stream_call.h"
#include "rpc/tls.h"
#include "rpc/unary.h"
#include "rpc/unknown_method.h"
#include "status/macros.h"
#include "status/status.h"
#include "text/address.h"

namespace protogres::rpc {
namespace {

using std::chrono::milliseconds;

// How long new calls are told with all details that the server ends, before the Gate is closed.
constexpr milliseconds kFarewell{1000};
// When no call has come for so long, all clients know that the server ends.
constexpr milliseconds kQuiet{100};
// How long calls have to end after they were told to: their statements are cancelled and their answers are sent. Calls
// whose statement the database has not ended by then give it up, and have this time again.
constexpr milliseconds kGrace{250};
// How long connections have to close by themselves after their last call.
constexpr milliseconds kClose{150};
// A call that the Gate has let in is seen by the server within this time.
constexpr milliseconds kLetIn{40};
constexpr std::string_view kHealthPrefix = "/grpc.health.v1.Health/";
// How long a call waits for the reload for which the error of its statement has asked.
constexpr milliseconds kLongestReload{3000};
// How often the calls are cancelled again: a connection may still come in after the others were closed.
constexpr milliseconds kCancelAgain{50};

class GrpcServer final : public Server, private Router {
 public:
  GrpcServer(const ServerOptions& options, db::Pool& pool, RequestReload request_reload)
      : renewal_(std::move(request_reload), kLongestReload),
        reflection_(options.reflection),
        executor_(ExecutorOptions(options, pool)),
        unary_{
            executor_, pool, options.coalesce, options.group_commit, current_, renewal_, options.slow_call.count() > 0},
        role_views_(executor_, pool, service_calls_),
        held_(MostHeld(pool), executor_),
        sessions_(LimitsOfSessions(options, pool), held_, pool, [this] { renewal_.Request(); }),
        streams_(LimitsOfStreams(options, pool), held_, pool, [this] { renewal_.Request(); }),
        connections_({.max_connections = options.max_connections, .user_timeout = options.keepalive_timeout}),
        log_({.access_log = options.access_log, .slow_call = options.slow_call}),
        in_flight_(options.max_in_flight_per_identity),
        acceptor_(*this, connections_, log_,
                  {.max_send_bytes = options.max_send_message_bytes,
                   .max_in_flight = options.max_in_flight,
                   .first_message = options.session_idle_timeout}) {
    current_.Set(std::make_shared<const Snapshot>(nullptr, "", reflection_));
  }
  ~GrpcServer() override;

  absl::Status Listen(const ServerOptions& options);

  void SetApi(std::shared_ptr<const api::Api> api, const std::string& why) override;
  void Reloaded(std::uint64_t reload) override { renewal_.Over(reload); }
  void SetReady(bool ready) override { health_.SetReady(ready); }
  bool ready() const override { return health_.ready(); }
  Stats stats() const override;
  int port() const override { return connections_.port(); }
  Drained Drain(milliseconds timeout) override;

 private:
  std::unique_ptr<Handler> Route(Call& call) override;
  // `method` belongs to the Api of `snapshot`.
  std::unique_ptr<Handler> MakeHandler(const crud::Method& method, std::shared_ptr<const Snapshot> snapshot, Call& call,
                                       std::shared_ptr<const db::Caller> caller);
  // The Handler of a method that every server has. Null: the call is finished with an error.
  std::unique_ptr<Handler> MakeOwn(Call& call);
  // OK: reflection may answer this call what `filter` lets it; null: all. Else UNIMPLEMENTED or UNAUTHENTICATED.
  absl::Status MayReflect(const Call& call, std::unique_ptr<RoleFilter>* filter);
  // Finishes the call with the error for a method that does not exist.
  void FinishUnknown(Call& call, const Snapshot& snapshot);
  void OnIdle() override { executor_.Dispatch(); }
  void OnBusy() override { executor_.DispatchLate(); }
  // Tells all calls in flight to end. False: some could not be ended.
  bool EndAll();
  void ShutDown();

  Current current_;
  ServiceCalls service_calls_;
  Health health_{current_, service_calls_};
  Renewal renewal_;
  std::unique_ptr<Callers> callers_;
  const Reflection reflection_;
  Executor executor_;
  UnaryContext unary_;
  RoleViews role_views_;
  HeldConnections held_;
  LongCalls sessions_;
  LongCalls streams_;
  std::shared_ptr<Gate> gate_;
  Connections connections_;
  CallLog log_;
  InFlight in_flight_;
  Acceptor acceptor_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::thread> threads_;
  std::atomic<bool> draining_{false};
  std::atomic<bool> drained_{false};
  bool shut_down_ = false;
};

absl::Status GrpcServer::Listen(const ServerOptions& options) {
  const auto address = text::ParseAddress(options.listen);
  if (!address.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("--listen={}: {}", options.listen, std::string(address.status().message())));
  }
  ASSIGN_OR_RETURN(
      callers_,
      Callers::Open({.auth = options.auth, .pre_request = options.pre_request, .trace_sql = options.trace_sql}));
  ASSIGN_OR_RETURN(gate_, MakeGate(options));
  RETURN_IF_ERROR(connections_.Listen(*address, !options.insecure && options.tls_cert.empty()));

  grpc::ServerBuilder builder;
  SetLimits(options, &builder);
  auto external = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, gate_);
  builder.RegisterAsyncGenericService(&acceptor_.service());
  for (int i = 0; i < std::max(1, options.completion_queues); ++i) {
    lines_.push_back(std::make_unique<Line>(builder.AddCompletionQueue()));
  }
  server_ = builder.BuildAndStart();
  if (!server_) return absl::InvalidArgumentError("gRPC refuses the TLS certificate or its key");
  for (const auto& line : lines_) {
    acceptor_.Accept(*line);
    threads_.emplace_back(&Acceptor::Serve, &acceptor_, std::ref(*line));
  }
  connections_.Start(std::move(external));
  return absl::OkStatus();
}

GrpcServer::~GrpcServer() {
  Drain(milliseconds(0));
  ShutDown();
  // The server is shut down first, so that no Call comes any more. Then the workers are stopped, so that none starts an
  // operation. The queues are shut down last, when no Call is left.
  renewal_.Close();
  executor_.Stop();
  sessions_.Stop();
  streams_.Stop();
  acceptor_.AwaitNone();
  for (const auto& line : lines_) line->cq->Shutdown();
  for (auto& thread : threads_) thread.join();
  // If there are no threads the server has never listened, but the end of each queue must still be fetched.
  if (threads_.empty()) {
    for (const auto& line : lines_) acceptor_.Serve(*line);
  }
}

void GrpcServer::SetApi(std::shared_ptr<const api::Api> api, const std::string& why) {
  current_.Set(std::make_shared<const Snapshot>(std::move(api), why, reflection_));
  service_calls_.WakeAll();
  connections_.Rebase();
}

Server::Stats GrpcServer::stats() const {
  const auto snapshot = current_.Get();
  return {.connections = connections_.size(),
          .waiting = executor_.waiting(),
          .sessions = sessions_.open(),
          .max_sessions = sessions_.limits().most,
          .streams = streams_.open(),
          .max_streams = streams_.limits().most,
          .tables = snapshot->api ? static_cast<int>(snapshot->api->contract().tables.size()) : 0,
          .dropped_access_lines = log_.dropped(),
          .auth_failures = callers_->refusals()};
}

Drained GrpcServer::Drain(milliseconds timeout) {
  if (!server_ || drained_.exchange(true)) return Drained::kFinished;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  service_calls_.Drain();
  draining_ = true;
  const bool finished = acceptor_.AwaitQuiet(deadline, milliseconds(0));
  if (!finished && !EndAll()) return Drained::kStuck;
  // As long as there is time, new calls are told with all details that the server ends.
  acceptor_.AwaitQuiet(std::min(deadline, std::chrono::steady_clock::now() + kFarewell), kQuiet);
  ShutDown();
  return finished ? Drained::kFinished : Drained::kEnded;
}

bool GrpcServer::EndAll() {
  // Calls whose request has not begun to run end at once.
  executor_.Close();
  renewal_.Close();
  // Nothing else reaches a worker that waits for a connection.
  unary_.pool.Close();
  for (const auto& line : lines_) Acceptor::Shutdown(*line);
  if (acceptor_.AwaitQuiet(std::chrono::steady_clock::now() + kGrace, milliseconds(0))) return true;
  for (const auto& line : lines_) Acceptor::GiveUp(*line);
  return acceptor_.AwaitQuiet(std::chrono::steady_clock::now() + kGrace, milliseconds(0));
}

void GrpcServer::ShutDown() {
  if (!server_ || std::exchange(shut_down_, true)) return;
  connections_.StopAccepting();
  gate_->Close();
  // Calls that the Gate has let in before may still end.
  acceptor_.AwaitQuiet(std::chrono::steady_clock::now() + kClose, kLetIn);
  auto shutdown = std::async(std::launch::async, [this] { server_->Shutdown(); });
  // gRPC closes a connection when its client has heard of the shutdown, which it awaits for up to 20 s.
  for (auto wait = kClose; shutdown.wait_for(wait) != std::future_status::ready; wait = kCancelAgain) {
    grpc_server_cancel_all_calls(server_->c_server());
  }
}

std::unique_ptr<Handler> GrpcServer::Route(Call& call) {
  const std::string& path = call.method();
  auto snapshot = current_.Get();
  if (draining_ && !path.starts_with(kHealthPrefix)) {
    call.Finish(status::ShuttingDown());
    return nullptr;
  }
  if (const std::string_view type = TypeOfOwn(path); !type.empty()) {
    call.Count(type);
    return MakeOwn(call);
  }
  if (!snapshot->api) {
    FinishUnknown(call, *snapshot);
    return nullptr;
  }
  auto caller = callers_->Find(call);
  if (!caller.ok() && HasMethod(path, *snapshot)) {
    call.Finish(caller.status());
    return nullptr;
  }
  // This binds the table for good, and so does Count make counters. Both are only for those who may call methods.
  const crud::Method* const method = caller.ok() ? snapshot->api->Find(path) : nullptr;
  if (method == nullptr) {
    FinishUnknown(call, *snapshot);
    return nullptr;
  }
  call.Count(MethodType(method->kind()));
  return MakeHandler(*method, std::move(snapshot), call, *std::move(caller));
}

std::unique_ptr<Handler> GrpcServer::MakeOwn(Call& call) {
  const std::string& path = call.method();
  if (path == kHealthCheck) return health_.Check(call);
  std::unique_ptr<RoleFilter> filter;
  absl::Status may = path == kHealthWatch ? absl::OkStatus() : MayReflect(call, &filter);
  if (may.ok()) may = service_calls_.Add(call);
  if (!may.ok()) {
    call.Finish(may);
    return nullptr;
  }
  if (path == kHealthWatch) return health_.Watch(call);
  return MakeReflection(current_, service_calls_, call, std::move(filter));
}

absl::Status GrpcServer::MayReflect(const Call& call, std::unique_ptr<RoleFilter>* filter) {
  if (reflection_ == Reflection::kOn) return absl::OkStatus();
  if (reflection_ == Reflection::kOff) {
    return status::Error(absl::StatusCode::kUnimplemented, "there is no reflection (--reflection=off)",
                         status::kUnknownMethod);
  }
  ASSIGN_OR_RETURN(const auto identity, callers_->Authenticated(call));
  *filter = std::make_unique<RoleFilter>(role_views_, identity->role);
  return absl::OkStatus();
}

void GrpcServer::FinishUnknown(Call& call, const Snapshot& snapshot) {
  // Not every caller may know the others' names.
  call.Finish(UnknownMethod(call.method(), snapshot, reflection_ == Reflection::kOn));
}

std::unique_ptr<Handler> GrpcServer::MakeHandler(const crud::Method& method, std::shared_ptr<const Snapshot> snapshot,
                                                 Call& call, std::shared_ptr<const db::Caller> caller) {
  using Kind = crud::Method::Kind;
  auto entered = in_flight_.Enter(std::move(caller));
  if (!entered.ok()) {
    call.Finish(entered.status());
    return nullptr;
  }
  caller = *std::move(entered);
  switch (method.kind()) {
    case Kind::kUnary:
      return MakeUnary(unary_, std::move(snapshot), *method.As<crud::UnaryMethod>(), call, std::move(caller));
    case Kind::kServerStream:
      return MakeServerStream(streams_, renewal_, current_, std::move(snapshot), *method.As<crud::ServerStreamMethod>(),
                              call, std::move(caller));
    case Kind::kClientStream:
      return MakeClientStream(streams_, std::move(snapshot), *method.As<crud::ClientStreamMethod>(), call,
                              std::move(caller));
    case Kind::kSession:
      return MakeSession(sessions_, std::move(snapshot), *method.As<crud::SessionMethod>(), call, std::move(caller));
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, db::Pool& pool,
                                                      RequestReload request_reload) {
  LogForGrpc();
  db::Memory::OfProcess().SetLimit(options.max_memory);
  auto server = std::make_unique<GrpcServer>(options, pool, std::move(request_reload));
  RETURN_IF_ERROR(server->Listen(options));
  return server;
}

}  // namespace protogres::rpc
