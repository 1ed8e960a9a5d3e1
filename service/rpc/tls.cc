#include "rpc/tls.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

namespace protogres::rpc {
namespace {

absl::StatusOr<std::string> ReadPem(const std::string& option, const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  if (!file || !(text << file.rdbuf())) {
    return absl::InvalidArgumentError(fmt::format("--{}={}: cannot be read: {}", option, path, std::strerror(errno)));
  }
  if (text.str().find("-----BEGIN ") == std::string::npos) {
    return absl::InvalidArgumentError(fmt::format("--{}={}: is not a PEM file", option, path));
  }
  return text.str();
}

}  // namespace

absl::StatusOr<std::shared_ptr<Gate>> MakeGate(const ServerOptions& options) {
  if (options.tls_cert.empty() && options.tls_key.empty() && options.tls_client_ca.empty()) {
    return std::make_shared<Gate>();
  }
  if (options.tls_cert.empty() || options.tls_key.empty()) {
    return absl::InvalidArgumentError("TLS needs both --tls_cert and --tls_key");
  }
  const auto cert = ReadPem("tls_cert", options.tls_cert);
  if (!cert.ok()) return cert.status();
  const auto key = ReadPem("tls_key", options.tls_key);
  if (!key.ok()) return key.status();
  Gate::Tls tls{.key = *key, .cert = *cert, .client_ca = ""};
  if (!options.tls_client_ca.empty()) {
    const auto ca = ReadPem("tls_client_ca", options.tls_client_ca);
    if (!ca.ok()) return ca.status();
    tls.client_ca = *ca;
  }
  return std::make_shared<Gate>(tls);
}

}  // namespace protogres::rpc
