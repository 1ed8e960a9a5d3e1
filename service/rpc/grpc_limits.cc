#include "rpc/grpc_limits.h"

#include <grpc/grpc.h>
#include <grpcpp/resource_quota.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>

namespace protogres::rpc {
namespace {

using std::chrono::milliseconds;

// How many bytes a client may send on a call before the server reads them.
constexpr int kLookahead = 1024 * 1024;
// How much of a connection is read before anything else is done: a frame of some bytes can become a call that takes
// some kilobytes of memory.
constexpr int kReadChunk = 64 * 1024;
// The most bytes of headers of a call that may have a token.
constexpr int kMaxHeaders = static_cast<int>(auth::kMaxTokenBytes) + 8 * 1024;

// Without gRPC's filter a message stays as it came, even if the client has not said that it is compressed.
void RefuseCompression(grpc::ServerBuilder* builder) {
  for (const auto algorithm : {GRPC_COMPRESS_DEFLATE, GRPC_COMPRESS_GZIP}) {
    builder->SetCompressionAlgorithmSupportStatus(algorithm, false);
  }
  builder->AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
}

}  // namespace

void SetLimits(const ServerOptions& options, grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(options.max_receive_message_bytes);
  // An answer that is too large is found by the Call, which says so to the client.
  builder->SetMaxSendMessageSize(-1);
  const auto set = [builder](const char* argument, milliseconds value) {
    constexpr milliseconds kMost{std::numeric_limits<int>::max()};
    builder->AddChannelArgument(argument, static_cast<int>(std::min(value, kMost).count()));
  };
  if (options.keepalive_time.count() > 0) set(GRPC_ARG_KEEPALIVE_TIME_MS, options.keepalive_time);
  if (options.keepalive_timeout.count() > 0) set(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, options.keepalive_timeout);
  set(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, options.keepalive_min_client_interval);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  if (options.max_connection_age.count() > 0) set(GRPC_ARG_MAX_CONNECTION_AGE_MS, options.max_connection_age);
  if (options.max_connection_age_grace.count() > 0) {
    set(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, options.max_connection_age_grace);
  }
  // Otherwise a client that sends faster than the database stores may get 16 MiB ahead.
  builder->AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kLookahead);
  if (options.max_concurrent_streams > 0) {
    builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams);
  }
  if (!options.accept_compression) RefuseCompression(builder);
  builder->AddChannelArgument(GRPC_ARG_TCP_MAX_READ_CHUNK_SIZE, kReadChunk);
  // gRPC's own limit of 8 KiB is less than the largest token has.
  if (options.auth.any()) builder->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxHeaders);
  grpc::ResourceQuota quota("protogres");
  quota.Resize(static_cast<std::size_t>(options.max_memory));
  builder->SetResourceQuota(quota);
  // A port that is in use is an error. It is not shared with the process that uses it.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

}  // namespace protogres::rpc
