#include "auth/token.h"

#include "auth/base64url.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "status/status.h"
#include "support/tokens.h"

namespace protogres::auth {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;
using ::testing::HasSubstr;

const system_clock::time_point kNow{seconds(1'700'000'000)};

std::vector<Key> KeysOf(const std::string& file) {
  auto keys = ParseKeys(file);
  EXPECT_TRUE(keys.ok()) << keys.status();
  return keys.ok() ? *std::move(keys) : std::vector<Key>();
}

absl::StatusOr<Token> Verify(const std::string& token, const TokenRules& rules = {},
                             const std::string& file = kSecret) {
  return VerifyToken(token, KeysOf(file), rules, kNow);
}

// The reason for which the token is refused; also that the error is UNAUTHENTICATED and tells nothing of the token.
std::string ReasonOf(const std::string& token, const TokenRules& rules = {}, const std::string& file = kSecret) {
  const auto verified = Verify(token, rules, file);
  EXPECT_EQ(verified.status().code(), absl::StatusCode::kUnauthenticated) << token;
  EXPECT_EQ(verified.status().message().find("marked"), std::string::npos) << verified.status();
  return status::ReasonOf(verified.status());
}

TEST(VerifyToken, GivesTheRoleAndTheClaimsAsTheyCame) {
  const std::string payload = R"({ "role":"web" , "tenant" : 7.00, "name":"Zoë","role2":[] })";
  const auto token = Verify(SignBySecret(payload));
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(token->identity.role, "web");
  EXPECT_EQ(token->identity.claims, payload);
  EXPECT_EQ(token->expires, system_clock::time_point::max());
}

TEST(VerifyToken, TakesEachAlgorithmOfItsKey) {
  const KeyPair rsa = MakeRsa();
  const KeyPair ec = MakeEc();
  const std::string payload = R"({"role":"web"})";
  EXPECT_TRUE(Verify(Sign("RS256", rsa.private_pem, payload), {}, rsa.public_pem).ok());
  EXPECT_TRUE(Verify(Sign("ES256", ec.private_pem, payload), {}, ec.public_pem).ok());
  EXPECT_TRUE(Verify(Sign("ES256", ec.private_pem, payload), {}, rsa.public_pem + ec.public_pem).ok());
  EXPECT_EQ(ReasonOf(Sign("RS256", MakeRsa().private_pem, payload), {}, rsa.public_pem), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf(Sign("ES256", MakeEc().private_pem, payload), {}, ec.public_pem), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf(SignBySecret(payload, "another secret, of 32 bytes and more too")), "TOKEN_INVALID");
}

TEST(VerifyToken, NeverTakesAPublicKeyForASecret) {
  const KeyPair rsa = MakeRsa();
  EXPECT_EQ(ReasonOf(Sign("HS256", rsa.public_pem, R"({"role":"web"})"), {}, rsa.public_pem), "TOKEN_INVALID");
  // Two members of the same name, of which two readers could take different ones.
  for (const char* header : {R"({"alg":"HS256","alg":"RS256"})", R"({"alg":"RS256","alg":"HS256"})"}) {
    EXPECT_EQ(ReasonOf(Sign("HS256", rsa.public_pem, R"({"role":"web"})", header), {}, rsa.public_pem),
              "TOKEN_INVALID");
  }
}

TEST(VerifyToken, RefusesOtherAlgorithms) {
  const std::string payload = ToBase64Url(R"({"role":"marked"})");
  for (const char* name : {"none", "None", "", "HS512", "PS256"}) {
    const std::string header = ToBase64Url(std::string(R"({"alg":")") + name + R"("})");
    EXPECT_EQ(ReasonOf(header + "." + payload + "."), "TOKEN_INVALID");
    EXPECT_EQ(ReasonOf(header + "." + payload + ".AAAA"), "TOKEN_INVALID");
  }
  EXPECT_EQ(ReasonOf(Sign("HS512", kSecret, R"({"role":"marked"})")), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf(Sign("HS256", kSecret, R"({"role":"marked"})", R"({"alg":"HS256","crit":["b64"],"b64":false})")),
            "TOKEN_INVALID");
}

TEST(VerifyToken, RefusesWhatIsNoToken) {
  const std::string good = SignBySecret(R"({"role":"marked"})");
  for (const std::string& token :
       {std::string(), std::string("marked"), std::string("a.b"), std::string("..."), good + ".x", good + "=",
        good + " ", "\n" + good, good.substr(0, good.size() - 1), std::string("\xff\x00.marked.\x01", 11),
        SignBySecret("[]"), SignBySecret("marked"), SignBySecret(""), SignBySecret("{\"role\":\"\xff\"}"),
        SignBySecret(R"({"role":"a\u0000b"})"), std::string(100'000, 'a'),
        SignBySecret(R"({"role":"marked","x":")" + std::string(20'000, 'x') + "\"}")}) {
    EXPECT_EQ(ReasonOf(token), "TOKEN_INVALID");
  }
  // Another text of the same bytes.
  std::string other = good;
  other.back() = other.back() == 'A' ? 'B' : static_cast<char>(other.back() + 1);
  EXPECT_EQ(ReasonOf(other), "TOKEN_INVALID");
}

TEST(VerifyToken, ChecksTheTimesWithTheSkewOfTheClocks) {
  const auto token = [](const std::string& claim, int after) {
    return SignBySecret("{\"role\":\"marked\",\"" + claim + "\":" + std::to_string(1'700'000'000 + after) + "}");
  };
  const auto live = Verify(token("exp", -29));
  ASSERT_TRUE(live.ok()) << live.status();
  EXPECT_EQ(live->expires, kNow + seconds(1));
  EXPECT_EQ(ReasonOf(token("exp", -30)), "TOKEN_EXPIRED");
  EXPECT_TRUE(Verify(token("nbf", 30)).ok());
  EXPECT_EQ(ReasonOf(token("nbf", 31)), "TOKEN_NOT_YET_VALID");
  EXPECT_TRUE(Verify(token("iat", 30)).ok());
  EXPECT_EQ(ReasonOf(token("iat", 31)), "TOKEN_NOT_YET_VALID");
  EXPECT_EQ(ReasonOf(SignBySecret(R"({"role":"marked","exp":"tomorrow"})")), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf(SignBySecret(R"({"role":"marked","exp":-1e300})")), "TOKEN_EXPIRED");
  EXPECT_TRUE(Verify(SignBySecret(R"({"role":"web","exp":1e300})")).ok());
  EXPECT_EQ(ReasonOf(SignBySecret(R"({"role":"marked","exp":null})")), "TOKEN_INVALID");
}

TEST(VerifyToken, ChecksForWhomAndByWhomItIs) {
  const TokenRules rules{.audience = "shop", .issuer = "https://id"};
  EXPECT_TRUE(Verify(SignBySecret(R"({"role":"web","aud":"shop","iss":"https://id"})"), rules).ok());
  EXPECT_TRUE(Verify(SignBySecret(R"({"role":"web","aud":["x","shop"],"iss":"https://id"})"), rules).ok());
  for (const char* claims : {R"("aud":"marked")", R"("aud":[])", R"("aud":{"shop":1})", R"("iat":1)"}) {
    EXPECT_EQ(ReasonOf(SignBySecret(R"({"role":"web","iss":"https://id",)" + std::string(claims) + "}"), rules),
              "TOKEN_WRONG_AUDIENCE");
  }
  for (const char* claims : {R"("iss":"marked")", R"("iss":["https://id"])", R"("iat":1)"}) {
    EXPECT_EQ(ReasonOf(SignBySecret(R"({"role":"web","aud":"shop",)" + std::string(claims) + "}"), rules),
              "TOKEN_WRONG_ISSUER");
  }
}

TEST(VerifyToken, TakesTheKeyThatItsHeaderNames) {
  const auto keys = [](const std::string& id) {
    return R"({"keys":[{"kty":"oct","kid":")" + id + R"(","k":")" + ToBase64Url(kSecret) + R"("}]})";
  };
  const std::string token = Sign("HS256", kSecret, R"({"role":"web"})", R"({"alg":"HS256","kid":"a"})");
  EXPECT_TRUE(Verify(token, {}, keys("a")).ok());
  EXPECT_EQ(ReasonOf(token, {}, keys("b")), "TOKEN_INVALID");
  EXPECT_TRUE(Verify(token).ok());
}

TEST(VerifyToken, FindsTheRoleByItsPath) {
  const auto role = [](const std::string& path, const std::string& claims) {
    const auto parsed = ClaimPath::Parse(path);
    EXPECT_TRUE(parsed.has_value()) << path;
    const auto token = Verify(SignBySecret(claims), {.role_claim = *parsed});
    return token.ok() ? token->identity.role : std::string(token.status().message());
  };
  EXPECT_EQ(role(".role", R"({"role":"web"})"), "web");
  EXPECT_EQ(role("app.roles[1]", R"({"app":{"roles":["a","b"]}})"), "b");
  EXPECT_EQ(role(R"(."https://x.example/role")", R"({"https://x.example/role":"web"})"), "web");
  EXPECT_EQ(role(".role", "{}"), "");
  EXPECT_EQ(role(".a.b", R"({"a":"x"})"), "");
  EXPECT_EQ(role(".a[0]", R"({"a":{"0":"x"}})"), "");
  for (const char* claims : {R"({"role":7})", R"({"role":""})", R"({"role":null})", R"({"role":"none"})"}) {
    EXPECT_THAT(role(".role", claims), HasSubstr("no name of a role")) << claims;
  }
}

TEST(ClaimPath, RefusesWhatIsNoPath) {
  for (const char* path : {"", ".", "..role", ".role.", ".a[", ".a[x]", ".a[-1]", ".a[1", ".\"x", "a]", "a\"b\""}) {
    EXPECT_FALSE(ClaimPath::Parse(path).has_value()) << path;
  }
}

TEST(Base64Url, TakesOneTextForEachBytes) {
  EXPECT_EQ(DecodeBase64Url(""), "");
  EXPECT_EQ(DecodeBase64Url("AA"), std::string(1, '\0'));
  EXPECT_EQ(DecodeBase64Url("-_8"), "\xfb\xff");
  for (const char* text : {"A", "AB", "AA=", "AA==", "+/8", "A A", "AAAAA"}) {
    EXPECT_FALSE(DecodeBase64Url(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace protogres::auth
