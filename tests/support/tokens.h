// Keys and tokens for tests, made by OpenSSL: what libjwt verifies is not made by libjwt.
#ifndef PROTOGRES_TESTS_SUPPORT_TOKENS_H_
#define PROTOGRES_TESTS_SUPPORT_TOKENS_H_

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace protogres {

inline const std::string kSecret = "a secret of the tests, of 32 bytes and more";

// Base64url without padding.
inline std::string ToBase64Url(std::string_view bytes) {
  std::vector<unsigned char> out((bytes.size() + 2) / 3 * 4 + 1);
  const int size =
      EVP_EncodeBlock(out.data(), reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  std::string text(reinterpret_cast<char*>(out.data()), static_cast<std::size_t>(size));
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

struct KeyPair {
  std::string private_pem;
  std::string public_pem;
  std::shared_ptr<EVP_PKEY> key;
};

inline KeyPair ToPair(EVP_PKEY* key) {
  const auto text = [](const auto& write) {
    BIO* const out = BIO_new(BIO_s_mem());
    write(out);
    char* data = nullptr;
    const auto size = BIO_get_mem_data(out, &data);
    std::string pem(data, static_cast<std::size_t>(size));
    BIO_free(out);
    return pem;
  };
  return {text([&](BIO* out) { PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); }),
          text([&](BIO* out) { PEM_write_bio_PUBKEY(out, key); }), std::shared_ptr<EVP_PKEY>(key, &EVP_PKEY_free)};
}

inline KeyPair MakeRsa(unsigned bits = 2048) { return ToPair(EVP_RSA_gen(bits)); }
inline KeyPair MakeEc(const char* curve = "P-256") { return ToPair(EVP_EC_gen(curve)); }

// A token of `payload` as it is, signed with the algorithm `name` (HS256, HS512, RS256, ES256) by `key`: a secret, or a
// private key in PEM.
inline std::string Sign(const std::string& name, const std::string& key, const std::string& payload,
                        const std::string& header = "") {
  const std::string head = header.empty() ? R"({"alg":")" + name + R"(","typ":"JWT"})" : header;
  const std::string signed_part = ToBase64Url(head) + "." + ToBase64Url(payload);
  const auto* const bytes = reinterpret_cast<const unsigned char*>(signed_part.data());
  if (name.starts_with("HS")) {
    std::vector<unsigned char> mac(EVP_MAX_MD_SIZE);
    std::size_t size = 0;
    EVP_Q_mac(nullptr, "HMAC", nullptr, ("SHA" + name.substr(2)).c_str(), nullptr, key.data(), key.size(), bytes,
              signed_part.size(), mac.data(), mac.size(), &size);
    return signed_part + "." + ToBase64Url({reinterpret_cast<char*>(mac.data()), size});
  }
  BIO* const in = BIO_new_mem_buf(key.data(), static_cast<int>(key.size()));
  EVP_PKEY* const private_key = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
  BIO_free(in);
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, private_key);
  std::size_t size = 0;
  EVP_DigestSign(context, nullptr, &size, bytes, signed_part.size());
  std::vector<unsigned char> signature(size);
  EVP_DigestSign(context, signature.data(), &size, bytes, signed_part.size());
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(private_key);
  std::string raw(reinterpret_cast<char*>(signature.data()), size);
  if (name.starts_with("ES")) {
    // A JWT has the two numbers as they are, 32 bytes each.
    const unsigned char* der = signature.data();
    ECDSA_SIG* const numbers = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(size));
    std::vector<unsigned char> both(64);
    BN_bn2binpad(ECDSA_SIG_get0_r(numbers), both.data(), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(numbers), both.data() + 32, 32);
    ECDSA_SIG_free(numbers);
    raw.assign(reinterpret_cast<char*>(both.data()), both.size());
  }
  return signed_part + "." + ToBase64Url(raw);
}

inline std::string SignBySecret(const std::string& payload, const std::string& secret = kSecret) {
  return Sign("HS256", secret, payload);
}

}  // namespace protogres

#endif  // PROTOGRES_TESTS_SUPPORT_TOKENS_H_
