#include "auth/authenticator.h"

#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "status/status.h"
#include "support/eventually.h"
#include "support/tokens.h"

namespace protogres::auth {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

constexpr std::chrono::milliseconds kSoon{5};

// A file of keys that goes with the test.
class KeyFile {
 public:
  explicit KeyFile(const std::string& text) {
    char path[] = "/tmp/protogres-key-XXXXXX";
    ::close(::mkstemp(path));
    path_ = path;
    Write(text);
  }
  ~KeyFile() { Remove(); }
  void Write(const std::string& text) const {
    const std::string next = path_ + ".next";
    std::ofstream(next) << text;
    std::rename(next.c_str(), path_.c_str());
  }
  void Remove() const { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string Bearer(const std::string& payload, const std::string& secret = kSecret) {
  return "Bearer " + SignBySecret(payload, secret);
}

class AuthenticatorTest : public ::testing::Test {
 protected:
  std::unique_ptr<Authenticator> Open(AuthOptions options) {
    options.key_interval = kSoon;
    auto opened = Authenticator::Open(options, [this] { return now_.load(); });
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }
  static std::string ReasonOf(Authenticator& authenticator, std::optional<std::string_view> authorization) {
    return status::ReasonOf(authenticator.Authenticate(authorization).status());
  }

  std::atomic<system_clock::time_point> now_{system_clock::time_point(seconds(1'700'000'000))};
  KeyFile file_{kSecret};
};

TEST_F(AuthenticatorTest, ATokenIsVerifiedOnceUntilItExpires) {
  const auto authenticator = Open({.jwt_keys = {file_.path()}});
  const std::string header = Bearer(R"({"role":"web","exp":1700000010})");
  const auto first = authenticator->Authenticate(header);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ((*first)->role, "web");
  EXPECT_EQ(authenticator->Authenticate(header)->get(), first->get());
  now_ = now_.load() + seconds(39);
  EXPECT_TRUE(authenticator->Authenticate(header).ok());
  now_ = now_.load() + seconds(1);
  EXPECT_EQ(ReasonOf(*authenticator, header), "TOKEN_EXPIRED");
}

TEST_F(AuthenticatorTest, WithoutAnAnonymousRoleEachCallNeedsATokenWithARole) {
  const auto authenticator = Open({.jwt_keys = {file_.path()}});
  EXPECT_EQ(ReasonOf(*authenticator, std::nullopt), "TOKEN_MISSING");
  EXPECT_EQ(ReasonOf(*authenticator, Bearer("{}")), "TOKEN_INVALID");
  for (const char* header : {"", "Bearer", "Bearer ", "Basic dXNlcg==", "bearerx", "Bearer a,Bearer b"}) {
    EXPECT_EQ(ReasonOf(*authenticator, header), "TOKEN_INVALID") << header;
  }
}

TEST_F(AuthenticatorTest, TheAnonymousRoleIsThatOfACallWithoutARole) {
  const auto authenticator = Open({.jwt_keys = {file_.path()}, .anon_role = "an\"on"});
  const auto anonymous = authenticator->Authenticate(std::nullopt);
  ASSERT_TRUE(anonymous.ok()) << anonymous.status();
  EXPECT_EQ(**anonymous, (Identity{"an\"on", R"({"role":"an\"on"})"}));
  const auto roleless = authenticator->Authenticate(Bearer(R"({"sub":1})"));
  ASSERT_TRUE(roleless.ok()) << roleless.status();
  EXPECT_EQ(**roleless, (Identity{"an\"on", R"({"sub":1})"}));
  // A token that is wrong is not the same as none.
  EXPECT_EQ(ReasonOf(*authenticator, "Bearer x.y.z"), "TOKEN_INVALID");
}

TEST_F(AuthenticatorTest, WithoutAKeyNoTokenIsTaken) {
  const auto authenticator = Open({.anon_role = "anon"});
  EXPECT_TRUE(authenticator->Authenticate(std::nullopt).ok());
  EXPECT_EQ(ReasonOf(*authenticator, Bearer(R"({"role":"web"})")), "TOKEN_INVALID");
}

TEST_F(AuthenticatorTest, AChangedFileIsReadAgainAndItsOldTokensEnd) {
  const std::string other = "another secret of the tests, of 32 bytes and more";
  const auto authenticator = Open({.jwt_keys = {file_.path()}});
  const std::string before = Bearer(R"({"role":"web"})");
  const std::string after = Bearer(R"({"role":"web"})", other);
  EXPECT_TRUE(authenticator->Authenticate(before).ok());
  EXPECT_FALSE(authenticator->Authenticate(after).ok());
  file_.Write(other);
  EXPECT_TRUE(Eventually([&] { return authenticator->Authenticate(after).ok(); }));
  EXPECT_EQ(ReasonOf(*authenticator, before), "TOKEN_INVALID");
  // What is no key does not end the keys that there are.
  for (const char* broken : {"", "short", "-----BEGIN PUBLIC KEY-----", "{\"keys\":[]}"}) {
    file_.Write(broken);
    std::this_thread::sleep_for(4 * kSoon);
    EXPECT_TRUE(authenticator->Authenticate(after).ok()) << broken;
  }
  file_.Remove();
  std::this_thread::sleep_for(4 * kSoon);
  EXPECT_TRUE(authenticator->Authenticate(after).ok());
  file_.Write(kSecret);
  EXPECT_TRUE(Eventually([&] { return authenticator->Authenticate(before).ok(); }));
}

TEST_F(AuthenticatorTest, PublicKeysDoNotTurnIntoASecretWhileTheServerRuns) {
  const std::string known = "# what everybody may read: the certificate of the service that signs tokens\n";
  file_.Write(known + MakeEc().public_pem);
  const auto authenticator = Open({.jwt_keys = {file_.path()}});
  file_.Write(known);  // half of it
  std::this_thread::sleep_for(4 * kSoon);
  EXPECT_EQ(ReasonOf(*authenticator, Bearer(R"({"role":"web"})", known.substr(0, known.size() - 1))), "TOKEN_INVALID");
}

TEST_F(AuthenticatorTest, AFileThatCannotBeReadIsAnErrorAtTheStart) {
  for (const std::string& path : {std::string("/nonexistent/key"), std::string("/tmp")}) {
    const auto opened = Authenticator::Open({.jwt_keys = {path}});
    EXPECT_EQ(opened.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(opened.status().message()),
                ::testing::StartsWith("--jwt_key=" + path + ": cannot be read"));
  }
}

TEST(TokenCache, ForgetsWhatWasNotAskedForWhenItIsFull) {
  TokenCache cache(3);
  const auto now = system_clock::now();
  const auto identity = std::make_shared<const Identity>(Identity{"web", "{}"});
  for (int i = 0; i < 100; ++i) {
    cache.Insert(std::to_string(i), identity, now + seconds(1));
    EXPECT_NE(cache.Find("0", now), nullptr) << i;
    EXPECT_LE(cache.size(), 6U);
  }
  EXPECT_EQ(cache.Find("1", now), nullptr);
  EXPECT_EQ(cache.Find("0", now + seconds(1)), nullptr);
  cache.Clear();
  EXPECT_EQ(cache.Find("99", now), nullptr);
}

TEST(TokenCache, IsBoundedInBytesToo) {
  TokenCache cache(1000, 1000);
  const auto now = system_clock::now();
  const auto identity = std::make_shared<const Identity>(Identity{"web", std::string(300, 'x')});
  for (int i = 0; i < 100; ++i) cache.Insert(std::to_string(i), identity, now + seconds(1));
  EXPECT_LE(cache.size(), 6U);
}

}  // namespace
}  // namespace protogres::auth
