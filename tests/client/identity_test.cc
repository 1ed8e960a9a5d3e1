// Who the server takes a client for: certificates and tokens, and what is said of those that it does not trust.
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <thread>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "shop.h"

namespace protogres::testing {
namespace {

using ::shop::v1::Customer;
using ::shop::v1::Product;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kSecret[] = "a secret of the tests, of 32 bytes and more";

std::string Base64(const std::string& text) {
  std::string encoded = absl::WebSafeBase64Escape(text);
  while (!encoded.empty() && encoded.back() == '=') encoded.pop_back();
  return encoded;
}

// A JWT of this role, for the next hour.
std::string TokenOf(const std::string& role, const std::string& secret = kSecret) {
  const std::string text =
      Base64(R"({"alg":"HS256","typ":"JWT"})") + "." +
      Base64(R"({"role":")" + role + R"(","exp":)" + std::to_string(absl::ToUnixSeconds(absl::Now()) + 3600) + "}");
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &length);
  return text + "." + Base64(std::string(reinterpret_cast<const char*>(mac), length));
}

void Write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::trunc) << text; }

void Command(const std::string& command) {
  if (std::system((command + " >/dev/null 2>&1").c_str()) != 0) ADD_FAILURE() << command;
}

// Two authorities, a server's certificate and two clients', as files of a folder.
std::string MakeFolder() {
  const std::string folder = ::testing::TempDir() + "identity" + std::to_string(getpid());
  mkdir(folder.c_str(), 0755);
  const std::string openssl = "cd " + folder + " && openssl ";
  const std::string fresh = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes ";
  for (const std::string ca : {"ca", "other"})
    Command(openssl + "req -x509 " + fresh + "-days 2 -subj /CN=" + ca + " -keyout " + ca + ".key -out " + ca + ".pem");
  for (const auto& [name, subject, ca] : {std::tuple("server", "shop.internal", "ca"), std::tuple("ann", "ann", "ca"),
                                          std::tuple("stranger", "ann", "other")}) {
    const std::string files = std::string(name);
    Command(openssl + "req " + fresh + "-subj /CN=" + subject + " -addext subjectAltName=DNS:" + subject + " -keyout " +
            files + ".key -out " + files + ".csr");
    Command(openssl + "x509 -req -in " + files + ".csr -CA " + ca + ".pem -CAkey " + ca +
            ".key -CAcreateserial -days 2 -copy_extensions copy -out " + files + ".pem");
  }
  Write(folder + "/key", kSecret);
  Write(folder + "/roles", "ann cashier\n");
  return folder;
}

const std::string& Folder() {
  static const std::string folder = MakeFolder();
  return folder;
}

// A server with TLS, for roles of which cashier may read customers, and clerk may read all.
class Identities : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    Psql(R"(
        CREATE ROLE authenticator LOGIN NOINHERIT; CREATE ROLE clerk; CREATE ROLE cashier;
        GRANT clerk, cashier TO authenticator; GRANT USAGE ON SCHEMA shop TO clerk, cashier;
        GRANT SELECT ON ALL TABLES IN SCHEMA shop TO clerk; GRANT SELECT ON shop.customer TO cashier;)");
    std::string database = DemoDatabase();
    database.replace(database.find("user=postgres"), 13, "user=authenticator");
    const std::string& at = Folder();
    const std::vector<std::string> options = {"serve", "--database=" + database, "--listen=127.0.0.1:0",
                                              "--tls_cert=" + at + "/server.pem", "--tls_key=" + at + "/server.key"};
    auto by_token = options;
    by_token.push_back("--jwt_key=" + at + "/key");
    by_token_ = new Process(by_token);
    auto by_certificate = options;
    for (const std::string& more :
         {"--tls_client_ca=" + at + "/ca.pem", std::string("--tls_role=cn"), "--role_map=" + at + "/roles"})
      by_certificate.push_back(more);
    by_certificate_ = new Process(by_certificate);
  }
  static void TearDownTestSuite() {
    delete by_token_;
    delete by_certificate_;
    Psql("DROP OWNED BY clerk, cashier; DROP ROLE authenticator, clerk, cashier;");
    Command("rm -r " + Folder());
  }

  static Options OptionsFor(const Process& server, Token token = {}) {
    Options options;
    options.address = server.address();
    options.tls = Tls{.authorities_file = Folder() + "/ca.pem", .server_name = "shop.internal"};
    options.token = std::move(token);
    options.timeout = absl::Seconds(60);
    options.retry.max_attempts = 2;
    return options;
  }
  static absl::Status Read(const Options& options) {
    const auto client = Client::Connect(options);
    return client.ok() ? client->Get<Product>(1).status() : client.status();
  }
  static absl::Status ReadByToken(Token token) { return Read(OptionsFor(*by_token_, std::move(token))); }

  static Process* by_token_;
  static Process* by_certificate_;
};
Process* Identities::by_token_ = nullptr;
Process* Identities::by_certificate_ = nullptr;

TEST_F(Identities, ATokenIsATextAFileOrACallback) {
  EXPECT_EQ(ReadByToken(TokenText{TokenOf("clerk")}), absl::OkStatus());
  EXPECT_EQ(ReadByToken(TokenCallback([] { return TokenOf("clerk"); })), absl::OkStatus());
  EXPECT_EQ(ReadByToken(TokenText{TokenOf("cashier")}).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReadByToken({}).code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ReadByToken(TokenText{TokenOf("clerk", "another secret, of 32 bytes and more")}).code(),
            absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(ReadByToken(TokenCallback([] { return absl::NotFoundError("no token today"); })).ToString(),
              HasSubstr("NOT_FOUND: no token today"));
  const auto client = Client::Connect(OptionsFor(*by_token_, TokenText{TokenOf("clerk")}));
  auto transaction = client->Begin();
  EXPECT_TRUE(transaction.ok() && transaction->Get<Product>(1).ok()) << transaction.status();
  EXPECT_TRUE(Wait(client->async().Get<Product>(1)).ok());
}

TEST_F(Identities, ATokensFileIsReadAgain) {
  const std::string path = Folder() + "/token";
  const auto client = Client::Connect(OptionsFor(*by_token_, TokenFile{path}));
  EXPECT_THAT(client->Get<Product>(1).status().ToString(), HasSubstr("UNAUTHENTICATED: the token file"));
  Write(path, TokenOf("cashier") + "\n");
  EXPECT_EQ(client->Get<Product>(1).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(client->Get<Customer>(1).ok());
  Write(path, TokenOf("clerk") + "\n");
  EXPECT_TRUE(client->Get<Product>(1).ok());
}

// gRPC ends the process for such a header.
TEST_F(Identities, ATokenThatNoHeaderCanHoldIsRefused) {
  const absl::Status status = ReadByToken(TokenText{TokenOf("clerk") + "\n"});
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(status.ToString(), AllOf(HasSubstr("is 0x0a"), ::testing::Not(HasSubstr("eyJ"))));
  Write(Folder() + "/token", "one\ntwo\n");
  EXPECT_THAT(ReadByToken(TokenFile{Folder() + "/token"}).ToString(), HasSubstr("the token's byte 4 is 0x0a"));
  const Client db = Shop();
  EXPECT_THAT(db.With({.metadata = {{"X-Trace", "1"}}}).Get<Product>(1).status().ToString(),
              HasSubstr("the key \"X-Tr"));
  EXPECT_THAT(db.With({.metadata = {{"", "1"}}}).Get<Product>(1).status().ToString(), HasSubstr("the key \"\""));
  EXPECT_THAT(Wait(db.async().With({.metadata = {{"x", "\xC3\xA9"}}}).Get<Product>(1)).status().ToString(),
              HasSubstr("a value of \"x\""));
  EXPECT_TRUE(db.With({.metadata = {{"x", "1"}, {"x-bin", std::string("\0\xFF", 2)}}}).Get<Product>(1).ok());
}

TEST_F(Identities, ACertificateGivesTheRole) {
  Options options = OptionsFor(*by_certificate_);
  options.tls->certificate_file = Folder() + "/ann.pem";
  options.tls->key_file = Folder() + "/ann.key";
  const auto client = Client::Connect(options);
  EXPECT_TRUE(client->Get<Customer>(7).ok());
  EXPECT_EQ(client->Get<Product>(1).status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(Identities, WhatIsNotTrustedIsSaid) {
  Options options = OptionsFor(*by_token_, TokenText{TokenOf("clerk")});
  options.tls->authorities_file = Folder() + "/other.pem";
  const absl::Status server = Read(options);
  EXPECT_EQ(server.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(server.ToString(), HasSubstr("certificate verify failed"));
  options = OptionsFor(*by_token_, TokenText{TokenOf("clerk")});
  options.tls->server_name = "another.internal";
  EXPECT_THAT(Read(options).ToString(), HasSubstr("another.internal"));
  options = OptionsFor(*by_certificate_);
  options.tls->certificate_file = Folder() + "/stranger.pem";
  options.tls->key_file = Folder() + "/stranger.key";
  const absl::Status stranger = Read(options);
  EXPECT_EQ(stranger.code(), absl::StatusCode::kUnavailable) << stranger;
}

TEST_F(Identities, FilesThatAreNotThoseOfTlsAreRefused) {
  const std::string at = Folder() + "/";
  const auto error = [&](const std::string& authorities, const std::string& certificate, const std::string& key) {
    Options options = OptionsFor(*by_certificate_);
    options.tls->authorities_file = at + authorities;
    options.tls->certificate_file = at + certificate;
    options.tls->key_file = at + key;
    return Read(options).ToString();
  };
  EXPECT_THAT(error("roles", "ann.pem", "ann.key"), AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr("roles, which")));
  EXPECT_THAT(error("ca.pem", "ann.key", "ann.key"), HasSubstr("is no certificate: it must have"));
  EXPECT_THAT(error("ca.pem", "ann.pem", "ann.pem"), HasSubstr("is no key: it must have"));
  // Only the handshake finds this.
  EXPECT_THAT(error("ca.pem", "ann.pem", "stranger.key"), HasSubstr("UNAVAILABLE"));
}

TEST(Tokens, AFileIsReadAgainWhenItChanges) {
  const std::string path = ::testing::TempDir() + "/token" + std::to_string(getpid());
  internal::TokenSource source(TokenFile{path});
  EXPECT_EQ(source.Get().status().code(), absl::StatusCode::kUnauthenticated);
  // Of one size, and faster than the file's time goes on.
  for (int i = 100; i < 200; ++i) {
    Write(path, " " + std::to_string(i) + "\n");
    EXPECT_EQ(*source.Get(), std::to_string(i));
  }
  for (const char* empty : {"\n", ""}) {
    Write(path, empty);
    EXPECT_THAT(source.Get().status().ToString(), HasSubstr("is empty"));
  }
  std::remove(path.c_str());
  EXPECT_THAT(source.Get().status().ToString(), HasSubstr("No such file"));
}

}  // namespace
}  // namespace protogres::testing
