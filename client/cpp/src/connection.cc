#include "protogres/internal/connection.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
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

// Of what is no PEM at all, gRPC would only say that there is no connection.
absl::Status ReadPem(const std::string& path, const std::string& kind, std::string* text) {
  if (path.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> content = ReadFile(path);
  if (!content.ok()) return content.status();
  const std::string end = kind == "key" ? "PRIVATE KEY-----" : "CERTIFICATE-----";
  if (!absl::StrContains(*content, end))
    return absl::InvalidArgumentError("Options::tls names " + path + ", which is no " + kind +
                                      ": it must have a line that ends in " + end);
  *text = *std::move(content);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(const Options& options) {
  if (!options.tls.has_value()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  const Tls& tls = *options.tls;
  if (absl::Status status = ReadPem(tls.authorities_file, "certificate", &ssl.pem_root_certs); !status.ok())
    return status;
  if (absl::Status status = ReadPem(tls.certificate_file, "certificate", &ssl.pem_cert_chain); !status.ok())
    return status;
  if (absl::Status status = ReadPem(tls.key_file, "key", &ssl.pem_private_key); !status.ok()) return status;
  return grpc::SslCredentials(ssl);
}

// As gRPC takes times; what is too long for it, as InfiniteDuration, is its longest.
int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(
      std::clamp(duration, absl::ZeroDuration(), absl::Milliseconds(std::numeric_limits<int>::max()))));
}

grpc::ChannelArguments Arguments(const Options& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_time));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(options.keepalive_timeout));
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

bool KeyCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

// Where a header's value has a character that gRPC ends the process for, or npos.
size_t Misfit(std::string_view value) {
  const auto found = std::find_if(value.begin(), value.end(), [](char c) { return c < ' ' || c > '~'; });
  return found == value.end() ? std::string_view::npos : static_cast<size_t>(found - value.begin());
}

absl::Status CheckToken(const std::string& token) {
  const size_t at = Misfit(token);
  if (at == std::string_view::npos) return absl::OkStatus();
  return absl::UnauthenticatedError(absl::StrFormat(
      "the token's byte %d is 0x%02x, which no token has: it must be the JWT alone, without an end of line", at + 1,
      static_cast<unsigned char>(token[at])));
}

absl::Status CheckMetadata(const std::string& key, const std::string& value) {
  if (key.empty() || !std::all_of(key.begin(), key.end(), KeyCharacter))
    return absl::InvalidArgumentError("CallOptions::metadata has the key \"" + absl::CHexEscape(key) +
                                      "\"; a key must be of lower-case letters, digits, '-', '_' and '.'");
  if (absl::EndsWith(key, "-bin") || Misfit(value) == std::string_view::npos) return absl::OkStatus();
  return absl::InvalidArgumentError("CallOptions::metadata has a value of \"" + key +
                                    "\" that is not of printable ASCII characters; the key of bytes must end in -bin");
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
  // Volatile, so that it is really kept, and what looks for leaks finds it.
  static const Keeper* const volatile kKeeper = [] {
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
  for (const auto& [key, value] : call.metadata) {
    if (absl::Status status = CheckMetadata(key, value); !status.ok()) return status;
    context->AddMetadata(key, value);
  }
  absl::StatusOr<std::string> token = token_.Get();
  if (!token.ok()) return token.status();
  if (absl::Status status = CheckToken(*token); !status.ok()) return status;
  if (!token->empty()) context->AddMetadata("authorization", "Bearer " + *token);
  return absl::OkStatus();
}

}  // namespace protogres::internal
