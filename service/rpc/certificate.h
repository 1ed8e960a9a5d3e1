// The certificate that the client of a call has shown.
#ifndef PROTOGRES_SERVICE_RPC_CERTIFICATE_H_
#define PROTOGRES_SERVICE_RPC_CERTIFICATE_H_

#include <grpcpp/server_context.h>

#include <string>
#include <vector>

#include "rpc/call.h"

namespace protogres::rpc {

// See Call::certificate_names.
std::vector<std::string> NamesOfCertificate(const grpc::ServerContextBase& context, Call::CertificateNames which);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_CERTIFICATE_H_
