// The credentials of the server's port, and what shuts it for new calls without a word of CANCELLED.
#ifndef PROTOGRES_SERVICE_RPC_GATE_H_
#define PROTOGRES_SERVICE_RPC_GATE_H_

#include <grpc/grpc_security.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

namespace protogres::rpc {

// Once its shutdown has begun, gRPC (1.51) ends calls that still come, on connections whose clients have not heard of
// it, with CANCELLED, which no client tries again, and may even lose one and wait for it for ever. A closed Gate
// refuses calls with UNAVAILABLE before the server sees them, though without details. An open one costs nothing.
class Gate final : public grpc::ServerCredentials {
 public:
  // PEM texts. `client_ca`: not empty, clients must show a certificate of it.
  struct Tls {
    std::string key, cert, client_ca;
  };

  // Plaintext.
  Gate();
  explicit Gate(const Tls& tls);
  ~Gate() override;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // From any thread, while calls come. For good.
  void Close();

  // Has no effect: tokens are not gRPC's business here.
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override;

  grpc_server_credentials* const credentials_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_GATE_H_
