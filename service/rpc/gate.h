// The credentials of the server's port, which also refuse new calls when the server shuts down.
#ifndef PROTOGRES_SERVICE_RPC_GATE_H_
#define PROTOGRES_SERVICE_RPC_GATE_H_

#include <grpc/grpc_security.h>
#include <grpcpp/security/server_credentials.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace protogres::rpc {

// When its shutdown has begun, gRPC (1.51) still gets calls on connections whose clients have not heard of it. It ends
// them with CANCELLED, after which no client tries again, or even loses a call and waits for it for ever. A closed Gate
// refuses calls with UNAVAILABLE before gRPC sees them, but without details. An open Gate costs nothing.
class Gate final : public grpc::ServerCredentials {
 public:
  // PEM texts. If `client_ca` is not empty, clients must show a certificate that it has signed.
  struct Tls {
    std::string key, cert, client_ca;

    friend bool operator==(const Tls&, const Tls&) = default;
  };

  // Gives what the next handshakes use, where that has changed. Any thread may call it, one at a time.
  using Renew = std::function<std::optional<Tls>()>;

  // Without TLS.
  Gate();
  // Handshakes use `tls`, until `renew`, which each of them calls, gives something else. TLS 1.2 or newer.
  Gate(Tls tls, Renew renew);
  ~Gate() override;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // Closes the Gate for good. May be called on any thread, while calls come.
  void Close();

  // Has no effect: the server checks no tokens.
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override;
  // What gRPC calls before each handshake.
  static grpc_ssl_certificate_config_reload_status Fetch(void* gate, grpc_ssl_server_certificate_config** config);

  Tls first_;
  bool fetched_ = false;
  const Renew renew_;
  grpc_server_credentials* const credentials_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_GATE_H_
