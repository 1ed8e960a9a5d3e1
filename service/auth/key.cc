#include "auth/key.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <utility>

#include "auth/base64url.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "status/macros.h"

namespace protogres::auth {
namespace {

using Json = nlohmann::json;

// As PostgREST asks for: what HS256 itself needs (RFC 7518, section 3.2).
constexpr std::size_t kLeastSecret = 32;
constexpr int kLeastRsaBits = 2048;
// The length of a coordinate of P-256.
constexpr std::size_t kCoordinate = 32;

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
using Bio = std::unique_ptr<BIO, Freer<&BIO_free_all>>;
using PublicKey = std::unique_ptr<EVP_PKEY, Freer<&EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<&X509_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Freer<&EVP_PKEY_CTX_free>>;
using ParamsBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freer<&OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freer<&OSSL_PARAM_free>>;
using Number = std::unique_ptr<BIGNUM, Freer<&BN_free>>;

absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

absl::StatusOr<std::string> ToPem(EVP_PKEY* key) {
  const Bio out(BIO_new(BIO_s_mem()));
  if (!out || PEM_write_bio_PUBKEY(out.get(), key) != 1) return Wrong("holds a key that OpenSSL cannot write");
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

absl::StatusOr<Key> FromPublicKey(EVP_PKEY* key, std::string id) {
  Key result{.id = std::move(id)};
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    if (EVP_PKEY_get_bits(key) < kLeastRsaBits) {
      return Wrong(
          fmt::format("holds an RSA key of {} bits; it must have at least {}", EVP_PKEY_get_bits(key), kLeastRsaBits));
    }
    result.algorithm = Algorithm::kRs256;
  } else if (EVP_PKEY_is_a(key, "EC") == 1) {
    char group[64] = {};
    if (EVP_PKEY_get_group_name(key, group, sizeof(group), nullptr) != 1 || std::string_view(group) != "prime256v1") {
      return Wrong("holds an EC key that is not on the curve P-256, which ES256 needs");
    }
    result.algorithm = Algorithm::kEs256;
  } else {
    return Wrong("holds a public key that is neither RSA nor EC");
  }
  ASSIGN_OR_RETURN(result.bytes, ToPem(key));
  return result;
}

absl::StatusOr<Key> FromSecret(std::string bytes, std::string id) {
  if (bytes.size() < kLeastSecret) {
    return Wrong(fmt::format("holds a secret of {} bytes; it must have at least {}", bytes.size(), kLeastSecret));
  }
  return Key{.algorithm = Algorithm::kHs256, .bytes = std::move(bytes), .id = std::move(id)};
}

// The next block of a PEM file, which is left at what follows. Null: it is neither a public key nor a certificate.
PublicKey ReadPem(std::string_view block) {
  const Bio in(BIO_new_mem_buf(block.data(), static_cast<int>(block.size())));
  if (!in) return nullptr;
  if (block.starts_with("-----BEGIN CERTIFICATE-----")) {
    const Certificate certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
    return PublicKey(certificate ? X509_get_pubkey(certificate.get()) : nullptr);
  }
  return PublicKey(PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr));
}

absl::StatusOr<std::vector<Key>> FromPem(std::string_view file) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  std::vector<Key> keys;
  for (std::size_t at = file.find(kBegin); at != std::string_view::npos;) {
    const std::size_t next = file.find(kBegin, at + kBegin.size());
    const std::string_view block = file.substr(at, next == std::string_view::npos ? next : next - at);
    at = next;
    if (block.substr(0, block.find('\n')).find("PRIVATE KEY") != std::string_view::npos) {
      return Wrong("holds a private key; give the public key, as `openssl pkey -pubout` writes it");
    }
    const PublicKey key = ReadPem(block);
    ERR_clear_error();
    if (!key) return Wrong("holds a PEM block that is neither a public key nor a certificate");
    ASSIGN_OR_RETURN(Key added, FromPublicKey(key.get(), ""));
    keys.push_back(std::move(added));
  }
  return keys;
}

std::string TextOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// The bytes of a member that is base64url. Empty: there is none.
std::string BytesOf(const Json& object, const char* name) { return DecodeBase64Url(TextOf(object, name)).value_or(""); }

PublicKey Make(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return PublicKey(key);
}

PublicKey RsaOf(const Json& jwk) {
  const std::string modulus = BytesOf(jwk, "n");
  const std::string exponent = BytesOf(jwk, "e");
  if (modulus.empty() || exponent.empty()) return nullptr;
  const auto number = [](const std::string& bytes) {
    return Number(
        BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr));
  };
  const Number n = number(modulus);
  const Number e = number(exponent);
  const ParamsBuilder builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return nullptr;
  }
  return Make("RSA", builder.get());
}

// OpenSSL checks that the point is on the curve.
PublicKey EcOf(const Json& jwk) {
  const std::string x = BytesOf(jwk, "x");
  const std::string y = BytesOf(jwk, "y");
  if (x.size() != kCoordinate || y.size() != kCoordinate) return nullptr;
  const std::string point = '\x04' + x + y;
  const ParamsBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1) {
    return nullptr;
  }
  return Make("EC", builder.get());
}

// Nothing: the key is for something else.
absl::StatusOr<std::optional<Key>> FromJwk(const Json& jwk) {
  if (!jwk.is_object()) return Wrong("holds a JWKS whose keys are no objects");
  const std::string type = TextOf(jwk, "kty");
  const std::string use = TextOf(jwk, "use");
  const std::string algorithm = TextOf(jwk, "alg");
  const bool is_secret = type == "oct";
  const bool is_ec = type == "EC" && TextOf(jwk, "crv") == "P-256";
  if ((!is_secret && !is_ec && type != "RSA") || (!use.empty() && use != "sig")) return std::nullopt;
  if (!algorithm.empty() && algorithm != (is_secret ? "HS256" : is_ec ? "ES256" : "RS256")) return std::nullopt;
  if (is_secret) {
    ASSIGN_OR_RETURN(Key key, FromSecret(BytesOf(jwk, "k"), TextOf(jwk, "kid")));
    return key;
  }
  const PublicKey made = is_ec ? EcOf(jwk) : RsaOf(jwk);
  ERR_clear_error();
  if (!made) return Wrong(fmt::format("holds a JWK of the type {} that is no public key", type));
  ASSIGN_OR_RETURN(Key key, FromPublicKey(made.get(), TextOf(jwk, "kid")));
  return key;
}

absl::StatusOr<std::vector<Key>> FromJson(const Json& document) {
  const auto found = document.find("keys");
  const bool is_set = found != document.end();
  if (is_set && !found->is_array()) return Wrong("holds a JWKS whose \"keys\" is no list");
  std::vector<Key> keys;
  for (const Json& jwk : is_set ? *found : Json::array({document})) {
    ASSIGN_OR_RETURN(std::optional<Key> key, FromJwk(jwk));
    if (key) keys.push_back(*std::move(key));
  }
  if (keys.empty()) return Wrong("holds no JWK for HS256, RS256 or ES256");
  return keys;
}

// Why these bytes cannot be meant as a secret, although they are no key that can be read: text that others know must
// never become one by which tokens are signed. Empty: they can be.
const char* NoSecret(std::string_view file) {
  const std::size_t first = file.find_first_not_of(" \t\r\n");
  const char begins = first == std::string_view::npos ? '\0' : file[first];
  if (begins == '{' || begins == '[') return "holds JSON that is no JWK, no set of them, or not whole";
  if (begins == '<') return "holds a page or XML, not keys";
  if (file.starts_with("ssh-") || file.starts_with("ecdsa-")) return "holds a key of SSH; give it in PEM";
  if (file.starts_with("Certificate:") || file.starts_with("Public-Key:")) return "holds a description of a key";
  const auto* der = reinterpret_cast<const unsigned char*>(file.data());
  const PublicKey key(d2i_PUBKEY(nullptr, &der, static_cast<long>(file.size())));
  ERR_clear_error();
  return key != nullptr ? "holds a public key in DER; give it in PEM" : "";
}

}  // namespace

bool IsOneSecret(const std::vector<Key>& keys) {
  return keys.size() == 1 && keys[0].algorithm == Algorithm::kHs256 && keys[0].id.empty();
}

absl::StatusOr<std::vector<Key>> ParseKeys(std::string_view file) {
  if (file.find("-----BEGIN ") != std::string_view::npos) return FromPem(file);
  const Json document = Json::parse(file, nullptr, false);
  if (document.is_object() && (document.contains("keys") || document.contains("kty"))) return FromJson(document);
  if (document.is_object()) return Wrong("holds a JSON object that is neither a JWK nor a set of them");
  if (const std::string why = NoSecret(file); !why.empty()) return Wrong(why);
  if (file.ends_with('\n')) file.remove_suffix(1);
  if (file.ends_with('\r')) file.remove_suffix(1);
  ASSIGN_OR_RETURN(Key key, FromSecret(std::string(file), ""));
  return std::vector<Key>{std::move(key)};
}

}  // namespace protogres::auth
