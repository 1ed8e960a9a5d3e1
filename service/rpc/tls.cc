#include "rpc/tls.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "status/macros.h"

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

// gRPC would take whatever it is given, and then fail each handshake.
absl::Status CheckPair(const ServerOptions& options, const std::string& cert_pem, const std::string& key_pem) {
  const auto open = [](const std::string& pem) {
    return std::unique_ptr<BIO, decltype(&BIO_free)>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                     &BIO_free);
  };
  const std::unique_ptr<X509, decltype(&X509_free)> cert(
      PEM_read_bio_X509(open(cert_pem).get(), nullptr, nullptr, nullptr), &X509_free);
  if (!cert) return absl::InvalidArgumentError(fmt::format("--tls_cert={}: holds no certificate", options.tls_cert));
  // A key with a passphrase is not asked for it.
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(open(key_pem).get(), nullptr, no_passphrase, nullptr), &EVP_PKEY_free);
  if (!key) {
    return absl::InvalidArgumentError(
        fmt::format("--tls_key={}: holds no private key without a passphrase", options.tls_key));
  }
  if (X509_check_private_key(cert.get(), key.get()) == 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("--tls_key={}: is not the key of the certificate --tls_cert={}", options.tls_key, options.tls_cert));
}

}  // namespace

absl::StatusOr<std::shared_ptr<Gate>> MakeGate(const ServerOptions& options) {
  if (options.tls_cert.empty() && options.tls_key.empty() && options.tls_client_ca.empty()) {
    return std::make_shared<Gate>();
  }
  if (options.tls_cert.empty() || options.tls_key.empty()) {
    return absl::InvalidArgumentError("TLS needs both --tls_cert and --tls_key");
  }
  Gate::Tls tls;
  ASSIGN_OR_RETURN(tls.cert, ReadPem("tls_cert", options.tls_cert));
  ASSIGN_OR_RETURN(tls.key, ReadPem("tls_key", options.tls_key));
  RETURN_IF_ERROR(CheckPair(options, tls.cert, tls.key));
  if (!options.tls_client_ca.empty()) {
    ASSIGN_OR_RETURN(tls.client_ca, ReadPem("tls_client_ca", options.tls_client_ca));
  }
  return std::make_shared<Gate>(tls);
}

}  // namespace protogres::rpc
