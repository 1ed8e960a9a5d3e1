// The server's start and end: addresses, TLS, drain.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>

#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "rpc/fixture.h"

namespace protogres::rpc {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;

class RpcStartTest : public RpcTest {
 protected:
  RpcStartTest() : directory_(std::filesystem::temp_directory_path() / ("rpc_start_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(directory_);
    pool_ = std::make_unique<db::Pool>(pool_options_, database_.Factory());
  }
  ~RpcStartTest() override { std::filesystem::remove_all(directory_); }

  absl::Status TryStart() { return Server::Start(options_, *pool_, nullptr).status(); }
  std::string WriteFile(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name) << text;
    return directory_ / name;
  }

  const std::filesystem::path directory_;
};

TEST_F(RpcStartTest, APortInUseIsUnavailable) {
  Start();
  options_.listen = "127.0.0.1:" + std::to_string(server_->port());
  const auto status = TryStart();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("in use"));
  EXPECT_TRUE(Call().status.ok());
}

TEST_F(RpcStartTest, WrongOptionsAreInvalid) {
  for (const char* listen : {"", "nonsense", "localhost:99999", "no.such.host.invalid:0"}) {
    options_.listen = listen;
    EXPECT_EQ(TryStart().code(), absl::StatusCode::kInvalidArgument) << listen;
  }
  options_.listen = "127.0.0.1:0";
  options_.tls_cert = "/no/such/file";
  EXPECT_THAT(std::string(TryStart().message()), HasSubstr("--tls_key"));
  options_.tls_key = "/no/such/file";
  EXPECT_THAT(std::string(TryStart().message()), HasSubstr("cannot be read"));
  options_.tls_cert = options_.tls_key = WriteFile("text.pem", "hello");
  EXPECT_THAT(std::string(TryStart().message()), HasSubstr("not a PEM file"));
  options_.tls_cert = options_.tls_key = WriteFile("broken.pem", "-----BEGIN CERTIFICATE-----\nxx\n");
  EXPECT_EQ(TryStart().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(TryStart().message()), HasSubstr("holds no certificate"));
}

TEST_F(RpcStartTest, AUnixSocketIsServedOnceAndReplacedWhenDead) {
  options_.listen = "unix:" + (directory_ / "p.sock").string();
  Start();
  const auto channel = grpc::CreateChannel(options_.listen, grpc::InsecureChannelCredentials());
  EXPECT_TRUE(CallUnary(channel, kGetItem, GetRequest()).status.ok());
  EXPECT_EQ(server_->port(), 0);
  EXPECT_EQ(TryStart().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(CallUnary(channel, kGetItem, GetRequest()).status.ok());
  server_.reset();
  EXPECT_TRUE(TryStart().ok());
}

TEST_F(RpcStartTest, PlaintextBeyondThisMachineIsAskedFor) {
  options_.listen = "0.0.0.0:0";
  const absl::Status refused = TryStart();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("--tls_cert"));
  options_.insecure = true;
  EXPECT_TRUE(TryStart().ok());
}

class RpcTlsTest : public RpcStartTest {
 protected:
  RpcTlsTest() {
    options_.tls_key = directory_ / "key.pem";
    options_.tls_cert = directory_ / "cert.pem";
  }

  // A certificate that signs itself, and its key.
  void MakeCertificate(const std::string& key, const std::string& cert) {
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
        "-addext subjectAltName=DNS:localhost -keyout " +
        key + " -out " + cert + " 2>/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0) << "the openssl command is needed";
  }
  static std::string Read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // Trusts the certificates of this PEM text alone.
  std::shared_ptr<grpc::Channel> Connect(const std::string& trusted, bool with_certificate = false) const {
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs = trusted;
    if (with_certificate) {
      ssl.pem_cert_chain = Read(options_.tls_cert);
      ssl.pem_private_key = Read(options_.tls_key);
    }
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride("localhost");  // without asking DNS for it
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server_->port()), grpc::SslCredentials(ssl),
                                     arguments);
  }
  static bool Answers(const std::shared_ptr<grpc::Channel>& channel) {
    return CallUnary(channel, kGetItem, GetRequest()).status.ok();
  }
  // Whether a handshake of this version ("-tls1_2") succeeds.
  bool Shakes(const std::string& version) const {
    return std::system(("openssl s_client -cipher ALL:@SECLEVEL=0 " + version + " -alpn h2 -connect 127.0.0.1:" +
                        std::to_string(server_->port()) + " </dev/null >/dev/null 2>&1")
                           .c_str()) == 0;
  }
};

TEST_F(RpcTlsTest, AClientCaAsksForCertificates) {
  MakeCertificate(options_.tls_key, options_.tls_cert);
  options_.tls_client_ca = options_.tls_cert;
  Start();
  const std::string trusted = Read(options_.tls_cert);
  EXPECT_EQ(CallUnary(Connect(trusted), kGetItem, GetRequest()).status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_TRUE(Answers(Connect(trusted, true)));
  EXPECT_EQ(Call().status.error_code(), StatusCode::UNAVAILABLE);  // plaintext
}

TEST_F(RpcTlsTest, OldVersionsAreRefused) {
  MakeCertificate(options_.tls_key, options_.tls_cert);
  options_.listen = "0.0.0.0:0";
  Start();
  EXPECT_TRUE(Shakes("-tls1_3"));
  EXPECT_TRUE(Shakes("-tls1_2"));
  EXPECT_FALSE(Shakes("-tls1_1"));
  EXPECT_FALSE(Shakes("-tls1"));
}

TEST_F(RpcTlsTest, FilesThatChangeAreReadAgain) {
  MakeCertificate(options_.tls_key, options_.tls_cert);
  Start();
  const std::string first = Read(options_.tls_cert);
  const auto before = Connect(first);
  ASSERT_TRUE(Answers(before));

  // What cannot be used changes nothing: a key that is not the certificate's, and half a file.
  MakeCertificate(options_.tls_key, directory_ / "other.pem");
  std::this_thread::sleep_for(milliseconds(1100));
  EXPECT_TRUE(Answers(Connect(first)));
  WriteFile("cert.pem", "-----BEGIN CERTIFICATE-----\nxx");
  std::this_thread::sleep_for(milliseconds(1100));
  EXPECT_TRUE(Answers(Connect(first)));

  std::filesystem::rename(directory_ / "other.pem", options_.tls_cert);
  const std::string second = Read(options_.tls_cert);
  EXPECT_TRUE(Eventually([&] { return Answers(Connect(second)); }));
  EXPECT_FALSE(Answers(Connect(first)));
  EXPECT_TRUE(Answers(before)) << "an open connection stays";
}

TEST_F(RpcTlsTest, AClientCaThatChangesIsReadAgain) {
  MakeCertificate(options_.tls_key, options_.tls_cert);
  MakeCertificate(directory_ / "ca_key.pem", directory_ / "ca.pem");
  options_.tls_client_ca = directory_ / "ca.pem";
  Start();
  const std::string trusted = Read(options_.tls_cert);
  EXPECT_FALSE(Answers(Connect(trusted, true)));
  WriteFile("ca.pem", trusted);
  EXPECT_TRUE(Eventually([&] { return Answers(Connect(trusted, true)); }));
}

class RpcDrainTest : public RpcTest {};

TEST_F(RpcDrainTest, CallsInFlightFinishAndNewOnesAreRefused) {
  Start();
  database_.SetScript(database_.Blocking(Item("released")));
  auto running = CallAsync();
  ASSERT_TRUE(database_.AwaitBlocked(1));
  auto drained = std::async(std::launch::async, [this] { return server_->Drain(seconds(60)); });
  // Of a method that there is not: one that comes before the drain has begun must not block.
  const auto refused = [this] { return Call("/no.such/Method").status.error_code() == StatusCode::UNAVAILABLE; };
  EXPECT_TRUE(Eventually(refused));
  EXPECT_EQ(Call().status.error_code(), StatusCode::UNAVAILABLE);
  // Readiness can be asked for still: it says that it is going, also if the database has come back meanwhile.
  server_->SetReady(true);
  const Reply health = CallUnary(NewChannel(), "/grpc.health.v1.Health/Check", "");
  EXPECT_TRUE(health.status.ok());
  grpc::health::v1::HealthCheckResponse readiness;
  EXPECT_TRUE(readiness.ParseFromString(health.message));
  EXPECT_EQ(readiness.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  database_.Release();
  EXPECT_TRUE(running.get().status.ok());
  EXPECT_EQ(drained.get(), Drained::kFinished);
}

TEST_F(RpcDrainTest, RequestsThatWaitAreServedToo) {
  options_.workers = 1;
  Start();
  database_.SetScript(database_.Blocking(Item("released")));
  std::vector<std::future<Reply>> calls;
  for (int i = 0; i < 4; ++i) calls.push_back(CallAsync());
  ASSERT_TRUE(database_.AwaitBlocked(1));
  // All have come in once the last is known to wait: a stream answers in turn on the same connection.
  EXPECT_TRUE(CallUnary(channel_, "/grpc.health.v1.Health/Check", "").status.ok());
  std::this_thread::sleep_for(milliseconds(300));
  auto drained = std::async(std::launch::async, [this] { return server_->Drain(seconds(60)); });
  std::this_thread::sleep_for(milliseconds(50));
  database_.Release();
  for (auto& call : calls) EXPECT_TRUE(call.get().status.ok());
  EXPECT_EQ(drained.get(), Drained::kFinished);
}

TEST_F(RpcDrainTest, WhatTakesTooLongIsCancelled) {
  options_.workers = 1;
  Start();
  database_.SetScript(database_.Blocking(Item("released")));
  auto running = CallAsync();
  ASSERT_TRUE(database_.AwaitBlocked(1));
  auto waiting = CallAsync();
  EXPECT_EQ(server_->Drain(milliseconds(100)), Drained::kEnded);
  for (auto* call : {&running, &waiting}) {
    const auto status = call->get().status;
    EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE);
    EXPECT_EQ(Reason(status), "SHUTTING_DOWN");
  }
  server_.reset();
  EXPECT_GE(database_.counts().asked, 1);
  EXPECT_EQ(database_.counts().executed, 1);
}

TEST_F(RpcDrainTest, IdleStreamsDoNotHoldItUp) {
  Start();
  ClientStream reflection(channel_, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
  grpc::reflection::v1::ServerReflectionRequest request;
  request.set_list_services("");
  std::string message;
  ASSERT_TRUE(reflection.Write(request.SerializeAsString()) && reflection.Read(&message));
  ClientStream watch(channel_, "/grpc.health.v1.Health/Watch");
  ASSERT_TRUE(watch.Write("") && watch.Read(&message));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(server_->Drain(seconds(60)), Drained::kFinished);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(30));
  grpc::health::v1::HealthCheckResponse response;
  EXPECT_TRUE(watch.Read(&message) && response.ParseFromString(message));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  EXPECT_FALSE(watch.Read(&message));
  EXPECT_EQ(watch.Finish().error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(reflection.Finish().error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(RpcDrainTest, TheDestructorEndsEverything) {
  Start();
  database_.SetScript(database_.Blocking(Item("released")));
  auto running = CallAsync();
  ASSERT_TRUE(database_.AwaitBlocked(1));
  ClientStream watch(channel_, "/grpc.health.v1.Health/Watch");
  ASSERT_TRUE(watch.Write(""));
  server_.reset();
  EXPECT_FALSE(running.get().status.ok());
}

TEST_F(RpcDrainTest, UnderLoadEveryCallEndsWithAClearStatus) {
  for (int round = 0; round < 3; ++round) {
    Start();
    std::vector<std::thread> clients;
    std::atomic<int> good{0}, odd{0};
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([&, channel = NewChannel()] {
        while (true) {
          const auto status = CallUnary(channel, kGetItem, GetRequest()).status;
          good += status.ok();
          if (status.ok()) continue;
          odd += status.error_code() != StatusCode::UNAVAILABLE;
          return;
        }
      });
    }
    EXPECT_TRUE(Eventually([&] { return good > 50; }));
    EXPECT_EQ(server_->Drain(seconds(50)), Drained::kFinished);
    for (auto& client : clients) client.join();
    server_.reset();
    EXPECT_EQ(odd, 0);
  }
}

}  // namespace
}  // namespace protogres::rpc
