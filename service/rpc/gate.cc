#include "rpc/gate.h"

#include <grpc/grpc.h>

namespace protogres::rpc {
namespace {

void Refuse(void*, grpc_auth_context*, const grpc_metadata*, std::size_t, grpc_process_auth_metadata_done_cb done,
            void* call) {
  done(call, nullptr, 0, nullptr, 0, GRPC_STATUS_UNAVAILABLE, "the server is shutting down");
}

grpc_server_credentials* MakeTls(const Gate::Tls& tls) {
  grpc_ssl_pem_key_cert_pair pair{tls.key.c_str(), tls.cert.c_str()};
  const char* const ca = tls.client_ca.empty() ? nullptr : tls.client_ca.c_str();
  return grpc_ssl_server_credentials_create_ex(
      ca, &pair, 1,
      ca ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
      nullptr);
}

}  // namespace

Gate::Gate() : credentials_(grpc_insecure_server_credentials_create()) {}

Gate::Gate(const Tls& tls) : credentials_(MakeTls(tls)) {}

Gate::~Gate() { grpc_server_credentials_release(credentials_); }

// gRPC looks for the processor at each call, so it can be set while calls come. It has no state: a call that sees it
// half set is refused as well.
void Gate::Close() { grpc_server_credentials_set_auth_metadata_processor(credentials_, {&Refuse, nullptr, nullptr}); }

int Gate::AddPortToServer(const std::string& address, grpc_server* server) {
  return grpc_server_add_http2_port(server, address.c_str(), credentials_);
}

}  // namespace protogres::rpc
