#include "rpc/gate.h"

#include <grpc/grpc.h>

#include <utility>

namespace protogres::rpc {
namespace {

void Refuse(void*, grpc_auth_context*, const grpc_metadata*, std::size_t, grpc_process_auth_metadata_done_cb done,
            void* call) {
  done(call, nullptr, 0, nullptr, 0, GRPC_STATUS_UNAVAILABLE, "the server is shutting down");
}

grpc_ssl_server_certificate_config* ConfigOf(const Gate::Tls& tls) {
  const grpc_ssl_pem_key_cert_pair pair{tls.key.c_str(), tls.cert.c_str()};
  // gRPC insists on authorities. Where no client is asked for a certificate it has no use for them.
  const std::string& ca = tls.client_ca.empty() ? tls.cert : tls.client_ca;
  return grpc_ssl_server_certificate_config_create(ca.c_str(), &pair, 1);
}

// gRPC's own lowest version is TLS 1.2.
grpc_server_credentials* MakeTls(const Gate::Tls& tls, grpc_ssl_server_certificate_config_callback fetch, Gate* gate) {
  return grpc_ssl_server_credentials_create_with_options(
      grpc_ssl_server_credentials_create_options_using_config_fetcher(
          tls.client_ca.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY,
          fetch, gate));
}

}  // namespace

Gate::Gate() : credentials_(grpc_insecure_server_credentials_create()) {}

Gate::Gate(Tls tls, Renew renew)
    : first_(std::move(tls)), renew_(std::move(renew)), credentials_(MakeTls(first_, &Fetch, this)) {}

grpc_ssl_certificate_config_reload_status Gate::Fetch(void* gate, grpc_ssl_server_certificate_config** config) {
  Gate& self = *static_cast<Gate*>(gate);
  const std::optional<Tls> renewed = std::exchange(self.fetched_, true) ? self.renew_() : std::move(self.first_);
  if (!renewed) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  *config = ConfigOf(*renewed);
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

Gate::~Gate() { grpc_server_credentials_release(credentials_); }

// gRPC looks for the processor at each call, so it can be set while calls come. It has no state: a call that sees it
// half set is refused as well.
void Gate::Close() { grpc_server_credentials_set_auth_metadata_processor(credentials_, {&Refuse, nullptr, nullptr}); }

int Gate::AddPortToServer(const std::string& address, grpc_server* server) {
  return grpc_server_add_http2_port(server, address.c_str(), credentials_);
}

}  // namespace protogres::rpc
