#include "protogres/internal/connection.h"

#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"

namespace protogres::internal {
namespace {

// What balance means: gRPC asks each server for its health, and passes over those that do not serve.
constexpr char kBalanced[] =
    R"({"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": ""}})";

bool StaysOnThisMachine(const std::string& address) {
  for (const char* local : {"127.0.0.1:", "[::1]:", "localhost:", "unix:", "ipv4:127.0.0.1:", "ipv6:[::1]:",
                            "dns:///localhost:", "unix-abstract:"}) {
    if (absl::StartsWith(address, local) && !absl::StrContains(address, ",")) return true;
  }
  return false;
}

absl::Status Check(const Options& options) {
  if (options.address.empty())
    return absl::InvalidArgumentError("Options::address is empty; it must be as in \"host:50051\"");
  if (options.retry.max_attempts < 1)
    return absl::InvalidArgumentError("Options::retry.max_attempts is " + std::to_string(options.retry.max_attempts) +
                                      "; it must be 1 or more");
  if (!std::holds_alternative<NoToken>(options.token) && !options.tls.has_value() && !options.allow_token_without_tls &&
      !StaysOnThisMachine(options.address))
    return absl::InvalidArgumentError("Options::token would go to " + options.address +
                                      " in plain text; set Options::tls, or allow_token_without_tls");
  const Tls tls = options.tls.value_or(Tls());
  if (tls.certificate_file.empty() != tls.key_file.empty())
    return absl::InvalidArgumentError(
        "Options::tls has only one of certificate_file and key_file; it must have both or none");
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(const Options& options) {
  if (!options.tls.has_value()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  for (const auto& [path, text] : {std::pair(&options.tls->authorities_file, &ssl.pem_root_certs),
                                   std::pair(&options.tls->certificate_file, &ssl.pem_cert_chain),
                                   std::pair(&options.tls->key_file, &ssl.pem_private_key)}) {
    if (path->empty()) continue;
    absl::StatusOr<std::string> content = ReadFile(*path);
    if (!content.ok()) return content.status();
    *text = *std::move(content);
  }
  return grpc::SslCredentials(ssl);
}

grpc::ChannelArguments Arguments(const Options& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(absl::ToInt64Milliseconds(options.keepalive_time)));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                   static_cast<int>(absl::ToInt64Milliseconds(options.keepalive_timeout)));
  // Two clients that are given the same address are two clients, with their own connections and backoff.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(options.max_receive_message_bytes);
  // A server that restarts is there again within seconds.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 10'000);
  if (options.tls.has_value() && !options.tls->server_name.empty())
    arguments.SetSslTargetNameOverride(options.tls->server_name);
  if (!options.service_config.empty())
    arguments.SetServiceConfigJSON(options.service_config);
  else if (options.balance)
    arguments.SetServiceConfigJSON(kBalanced);
  return arguments;
}

// A channel that is never destroyed, and its one call, which goes nowhere.
struct Keeper {
  std::shared_ptr<grpc::Channel> channel =
      grpc::CreateChannel("unix:/nowhere/protogres", grpc::InsecureChannelCredentials());
  grpc::GenericStub stub{channel};
  grpc::ClientContext context;
  grpc::Slice nothing;
  grpc::ByteBuffer request{&nothing, 1};
  grpc::ByteBuffer response;
};

}  // namespace

void KeepCallbackThreads() {
  static const Keeper* const kKeeper = [] {
    auto* keeper = new Keeper();
    keeper->context.TryCancel();
    keeper->stub.UnaryCall(&keeper->context, "/protogres/Keep", grpc::StubOptions(), &keeper->request,
                           &keeper->response, [](grpc::Status) {});
    return keeper;
  }();
  (void)kKeeper;
}

absl::StatusOr<std::shared_ptr<Connection>> Connection::Create(const Options& options) {
  if (absl::Status status = Check(options); !status.ok()) return status;
  auto credentials = Credentials(options);
  if (!credentials.ok()) return credentials.status();
  auto channel = grpc::CreateCustomChannel(options.address, *credentials, Arguments(options));
  return std::shared_ptr<Connection>(new Connection(options, std::move(channel)));
}

Connection::Connection(Options options, std::shared_ptr<grpc::Channel> channel)
    : options_(std::move(options)), channel_(std::move(channel)), token_(options_.token) {}

absl::Time Connection::Deadline(const CallOptions& call) const {
  return absl::Now() + call.timeout.value_or(options_.timeout);
}

absl::Status Connection::Prepare(const CallOptions& call, absl::Time deadline, grpc::ClientContext* context) {
  if (call.stop.stop_requested()) return absl::CancelledError("the call was stopped before it was sent");
  if (deadline != absl::InfiniteFuture()) context->set_deadline(absl::ToChronoTime(deadline));
  if (call.wait_for_ready) context->set_wait_for_ready(true);
  for (const auto& [key, value] : call.metadata) context->AddMetadata(key, value);
  absl::StatusOr<std::string> token = token_.Get();
  if (!token.ok()) return token.status();
  if (!token->empty()) context->AddMetadata("authorization", "Bearer " + *token);
  return absl::OkStatus();
}

}  // namespace protogres::internal
