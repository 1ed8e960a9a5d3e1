#include "rpc/certificate.h"

#include <grpc/grpc_security_constants.h>

namespace protogres::rpc {

std::vector<std::string> NamesOfCertificate(const grpc::ServerContextBase& context, Call::CertificateNames which) {
  std::vector<std::string> names;
  const auto authentication = context.auth_context();
  if (!authentication) return names;
  const auto add = [&](const char* property) {
    for (const auto& value : authentication->FindPropertyValues(property)) {
      // gRPC gives an empty text for the common name of a certificate that has none.
      if (!value.empty()) names.emplace_back(value.data(), value.size());
    }
  };
  if (which == Call::CertificateNames::kCn) {
    add(GRPC_X509_CN_PROPERTY_NAME);
  } else {
    add(GRPC_PEER_DNS_PROPERTY_NAME);
    add(GRPC_PEER_URI_PROPERTY_NAME);
  }
  return names;
}

}  // namespace protogres::rpc
