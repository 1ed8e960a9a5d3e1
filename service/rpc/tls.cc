#include "rpc/tls.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "auth/file.h"
#include "status/macros.h"

namespace protogres::rpc {
namespace {

absl::StatusOr<std::string> ReadPem(const std::string& option, const std::string& path) {
  auto text = auth::ReadFile(path);
  if (text.ok() && text->find("-----BEGIN ") == std::string::npos) {
    text = absl::InvalidArgumentError("is not a PEM file");
  }
  if (text.ok()) return text;
  return absl::InvalidArgumentError(fmt::format("--{}={}: {}", option, path, std::string(text.status().message())));
}

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Bio Open(const std::string& pem) { return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free}; }

// The first certificate of `pem`; null: there is none.
Certificate FirstOf(const std::string& pem) {
  return {PEM_read_bio_X509(Open(pem).get(), nullptr, nullptr, nullptr), &X509_free};
}

// gRPC would take whatever it is given, and then fail each handshake.
absl::Status CheckPair(const ServerOptions& options, const std::string& cert_pem, const std::string& key_pem) {
  const Certificate cert = FirstOf(cert_pem);
  if (!cert) return absl::InvalidArgumentError(fmt::format("--tls_cert={}: holds no certificate", options.tls_cert));
  // A key with a passphrase is not asked for it.
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(Open(key_pem).get(), nullptr, no_passphrase, nullptr), &EVP_PKEY_free);
  if (!key) {
    return absl::InvalidArgumentError(
        fmt::format("--tls_key={}: holds no private key without a passphrase", options.tls_key));
  }
  if (X509_check_private_key(cert.get(), key.get()) == 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("--tls_key={}: is not the key of the certificate --tls_cert={}", options.tls_key, options.tls_cert));
}

absl::Status CheckAuthorities(const ServerOptions& options, const std::string& pem) {
  if (FirstOf(pem)) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("--tls_client_ca={}: holds no certificate", options.tls_client_ca));
}

absl::StatusOr<Gate::Tls> Read(const ServerOptions& options) {
  Gate::Tls tls;
  ASSIGN_OR_RETURN(tls.cert, ReadPem("tls_cert", options.tls_cert));
  ASSIGN_OR_RETURN(tls.key, ReadPem("tls_key", options.tls_key));
  RETURN_IF_ERROR(CheckPair(options, tls.cert, tls.key));
  if (options.tls_client_ca.empty()) return tls;
  ASSIGN_OR_RETURN(tls.client_ca, ReadPem("tls_client_ca", options.tls_client_ca));
  RETURN_IF_ERROR(CheckAuthorities(options, tls.client_ca));
  return tls;
}

// What the files of one server hold. Thread-safe.
class PemFiles {
 public:
  PemFiles(const ServerOptions& options, std::chrono::milliseconds look_every, Gate::Tls tls)
      : options_(options), look_every_(look_every), read_(std::move(tls)), next_look_(Clock::now() + look_every) {}

  // What the files hold, if that has changed since the last look and can be used.
  std::optional<Gate::Tls> LoadIfChanged() {
    const std::lock_guard lock(mutex_);
    if (Clock::now() < next_look_) return std::nullopt;
    next_look_ = Clock::now() + look_every_;
    auto now = Read(options_);
    if (now == read_) return std::nullopt;
    read_ = std::move(now);
    if (!read_.ok()) {
      spdlog::warn("the TLS files have changed, but the earlier ones stay in use: {}",
                   std::string(read_.status().message()));
      return std::nullopt;
    }
    spdlog::info("the TLS files have changed; new connections use them");
    return *read_;
  }

 private:
  using Clock = std::chrono::steady_clock;

  const ServerOptions options_;
  const std::chrono::milliseconds look_every_;
  std::mutex mutex_;
  absl::StatusOr<Gate::Tls> read_;  // at the last look; an error: they could not be used
  Clock::time_point next_look_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<Gate>> MakeGate(const ServerOptions& options, std::chrono::milliseconds look_every) {
  if (options.tls_cert.empty() && options.tls_key.empty() && options.tls_client_ca.empty()) {
    return std::make_shared<Gate>();
  }
  if (options.tls_cert.empty() || options.tls_key.empty()) {
    return absl::InvalidArgumentError("TLS needs both --tls_cert and --tls_key");
  }
  ASSIGN_OR_RETURN(Gate::Tls tls, Read(options));
  const auto files = std::make_shared<PemFiles>(options, look_every, tls);
  return std::make_shared<Gate>(std::move(tls), [files] { return files->LoadIfChanged(); });
}

}  // namespace protogres::rpc
