#include "auth/key.h"

#include <openssl/core_names.h>
#include <openssl/x509.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/tokens.h"

namespace protogres::auth {
namespace {

using ::testing::HasSubstr;

std::string ParamOf(const KeyPair& pair, const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(pair.key.get(), name, &number);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
  BN_free(number);
  return bytes;
}

std::string Padded(std::string bytes) { return std::string(32 - bytes.size(), '\0') + bytes; }

std::string RsaJwk(const KeyPair& pair, const std::string& more = "") {
  return R"({"kty":"RSA","n":")" + ToBase64Url(ParamOf(pair, OSSL_PKEY_PARAM_RSA_N)) + R"(","e":")" +
         ToBase64Url(ParamOf(pair, OSSL_PKEY_PARAM_RSA_E)) + "\"" + more + "}";
}

std::string EcJwk(const KeyPair& pair, const std::string& more = "") {
  return R"({"kty":"EC","crv":"P-256","x":")" + ToBase64Url(Padded(ParamOf(pair, OSSL_PKEY_PARAM_EC_PUB_X))) +
         R"(","y":")" + ToBase64Url(Padded(ParamOf(pair, OSSL_PKEY_PARAM_EC_PUB_Y))) + "\"" + more + "}";
}

std::string ErrorOf(const std::string& file) {
  const auto keys = ParseKeys(file);
  EXPECT_FALSE(keys.ok());
  return std::string(keys.status().message());
}

TEST(ParseKeys, ASecretIsTheBytesOfItsFileWithoutTheLineBreakAtTheirEnd) {
  const auto keys = ParseKeys(kSecret + "\n");
  ASSERT_TRUE(keys.ok()) << keys.status();
  ASSERT_EQ(keys->size(), 1U);
  EXPECT_EQ(keys->front().bytes, kSecret);
  EXPECT_EQ(keys->front().algorithm, Algorithm::kHs256);
}

TEST(ParseKeys, AShortSecretIsRefusedAndNotQuoted) {
  const std::string error = ErrorOf("hunter2");
  EXPECT_THAT(error, HasSubstr("at least 32"));
  EXPECT_EQ(error.find("hunter2"), std::string::npos);
  ErrorOf("");
}

TEST(ParseKeys, WhatOthersKnowNeverBecomesASecret) {
  const std::string jwks = "{\"keys\": [" + EcJwk(MakeEc()) + "]}";
  EXPECT_THAT(ErrorOf(jwks.substr(0, 120)), HasSubstr("not whole"));
  EXPECT_THAT(ErrorOf("  [" + EcJwk(MakeEc()) + "]"), HasSubstr("JSON"));
  EXPECT_THAT(ErrorOf("<html><body>503 Service Unavailable, come again later</body></html>"), HasSubstr("page"));
  EXPECT_THAT(ErrorOf("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"),
              HasSubstr("SSH"));
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(MakeEc().key.get(), &der);
  EXPECT_THAT(ErrorOf(std::string(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size))),
              HasSubstr("DER"));
  OPENSSL_free(der);
}

TEST(ParseKeys, TakesPublicKeysOfPemFiles) {
  const KeyPair rsa = MakeRsa();
  const KeyPair ec = MakeEc();
  const auto keys = ParseKeys("# both\n" + rsa.public_pem + ec.public_pem);
  ASSERT_TRUE(keys.ok()) << keys.status();
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ((*keys)[0].algorithm, Algorithm::kRs256);
  EXPECT_EQ((*keys)[0].bytes, rsa.public_pem);
  EXPECT_EQ((*keys)[1].algorithm, Algorithm::kEs256);
}

TEST(ParseKeys, RefusesPrivateAndWeakKeys) {
  EXPECT_THAT(ErrorOf(MakeRsa().private_pem), HasSubstr("private key"));
  EXPECT_THAT(ErrorOf(MakeRsa(1024).public_pem), HasSubstr("1024 bits"));
  EXPECT_THAT(ErrorOf(MakeEc("P-384").public_pem), HasSubstr("P-256"));
  EXPECT_THAT(ErrorOf("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), HasSubstr("neither"));
}

TEST(ParseKeys, TakesTheKeysOfAJwks) {
  const KeyPair rsa = MakeRsa();
  const KeyPair ec = MakeEc();
  const auto keys = ParseKeys(R"({"keys":[)" + RsaJwk(rsa, R"(,"kid":"one","use":"sig","alg":"RS256")") + "," +
                              EcJwk(ec) + R"(,{"kty":"oct","k":")" + ToBase64Url(kSecret) + R"("}]})");
  ASSERT_TRUE(keys.ok()) << keys.status();
  ASSERT_EQ(keys->size(), 3U);
  EXPECT_EQ((*keys)[0].bytes, rsa.public_pem);
  EXPECT_EQ((*keys)[0].id, "one");
  EXPECT_EQ((*keys)[1].bytes, ec.public_pem);
  EXPECT_EQ((*keys)[2].bytes, kSecret);
  const auto one = ParseKeys(EcJwk(ec));
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->front().bytes, ec.public_pem);
}

TEST(ParseKeys, PassesOverKeysForSomethingElse) {
  const std::string others = RsaJwk(MakeRsa(), R"(,"use":"enc")") + "," + RsaJwk(MakeRsa(), R"(,"alg":"PS256")") +
                             R"(,{"kty":"OKP","crv":"Ed25519","x":"AA"})";
  const auto keys = ParseKeys(R"({"keys":[)" + others + "," + EcJwk(MakeEc()) + "]}");
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_EQ(keys->size(), 1U);
  EXPECT_THAT(ErrorOf(R"({"keys":[)" + others + "]}"), HasSubstr("no JWK for"));
}

TEST(ParseKeys, RefusesWhatIsNoKey) {
  EXPECT_THAT(ErrorOf(R"({"keys":{}})"), HasSubstr("no list"));
  EXPECT_THAT(ErrorOf(R"({"keys":[1]})"), HasSubstr("no objects"));
  EXPECT_THAT(ErrorOf(R"({"some":"other document, which is longer than a secret must be"})"),
              HasSubstr("neither a JWK"));
  EXPECT_THAT(ErrorOf(R"({"kty":"RSA","n":"","e":"AQAB"})"), HasSubstr("no public key"));
  EXPECT_THAT(ErrorOf(R"({"kty":"oct","k":"AAAA"})"), HasSubstr("at least 32"));
  // A point that is not on the curve.
  const std::string ones = ToBase64Url(std::string(32, '\x01'));
  EXPECT_THAT(ErrorOf(R"({"kty":"EC","crv":"P-256","x":")" + ones + R"(","y":")" + ones + R"("})"),
              HasSubstr("no public key"));
}

}  // namespace
}  // namespace protogres::auth
