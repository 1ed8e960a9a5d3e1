#include "rpc/tls.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

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

// What tells one state of a file from another: also a link that points elsewhere, which is how Kubernetes changes the
// files of a Secret.
std::string StateOf(const std::string& path) {
  struct stat file {};
  if (path.empty() || ::stat(path.c_str(), &file) != 0) return "-";
  return fmt::format("{}:{}:{}:{}.{}", file.st_dev, file.st_ino, file.st_size, file.st_mtim.tv_sec,
                     file.st_mtim.tv_nsec);
}

// The files of one server. Thread-safe.
class PemFiles {
 public:
  PemFiles(const ServerOptions& options, std::chrono::milliseconds look_every)
      : options_(options), look_every_(look_every) {}

  absl::StatusOr<Gate::Tls> Load() {
    std::lock_guard lock(mutex_);
    return LoadLocked();
  }

  // What the files hold, if they have changed since the last look and can be used.
  std::optional<Gate::Tls> LoadIfChanged() {
    std::lock_guard lock(mutex_);
    if (Clock::now() < next_look_) return std::nullopt;
    const std::string before = state_;
    next_look_ = Clock::now() + look_every_;
    if (States() == before) return std::nullopt;
    auto tls = LoadLocked();
    if (!tls.ok()) {
      spdlog::warn("the TLS files have changed, but the earlier ones stay in use: {}",
                   std::string(tls.status().message()));
      return std::nullopt;
    }
    spdlog::info("the TLS files have changed; new connections use them");
    return *std::move(tls);
  }

 private:
  using Clock = std::chrono::steady_clock;

  absl::StatusOr<Gate::Tls> LoadLocked() {
    // Before the files are read: a change meanwhile is seen at the next look.
    state_ = States();
    next_look_ = Clock::now() + look_every_;
    return Read(options_);
  }
  std::string States() const {
    return fmt::format("{} {} {}", StateOf(options_.tls_cert), StateOf(options_.tls_key),
                       StateOf(options_.tls_client_ca));
  }

  const ServerOptions options_;
  const std::chrono::milliseconds look_every_;
  std::mutex mutex_;
  std::string state_;  // of the files, when they were last read
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
  const auto files = std::make_shared<PemFiles>(options, look_every);
  ASSIGN_OR_RETURN(Gate::Tls tls, files->Load());
  return std::make_shared<Gate>(std::move(tls), [files] { return files->LoadIfChanged(); });
}

}  // namespace protogres::rpc
