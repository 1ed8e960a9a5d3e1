#include "auth/identity.h"

#include <string>

#include "gtest/gtest.h"

namespace protogres::auth {
namespace {

std::string FingerprintOf(const std::string& claims, const std::string& role = "web") {
  return WithFingerprint({role, "{" + claims + "}"}).fingerprint;
}

TEST(FingerprintTest, ATokenThatIsRenewedIsOfTheSameUser) {
  const std::string who = R"("iss":"id","sub":"zoe","tenant":"a")";
  const std::string first = FingerprintOf(who + R"(,"exp":1,"iat":1,"nbf":1,"jti":"x")");
  EXPECT_EQ(first, FingerprintOf(who));
  EXPECT_EQ(first, FingerprintOf(R"("tenant":"a","sub":"zoe","exp":2,"iss":"id")"));
  EXPECT_EQ(first, FingerprintOf(who + R"(,"auth_time":7,"nonce":"n","sid":"s","session_state":"t","amr":["otp"])"));
  EXPECT_EQ(first, FingerprintOf(who + R"(,"at_hash":"h","session_id":"s","origin_jti":"j","uti":"u")"));
}

TEST(FingerprintTest, WhatSaysWhoOrWhatTellsUsersApart) {
  const std::string who = R"("iss":"id","sub":"zoe","tenant":"a")";
  const std::string first = FingerprintOf(who);
  EXPECT_NE(first, FingerprintOf(who, "admin"));
  EXPECT_NE(first, FingerprintOf(R"("iss":"id","sub":"max","tenant":"a")"));
  EXPECT_NE(first, FingerprintOf(R"("iss":"other","sub":"zoe","tenant":"a")"));
  EXPECT_NE(first, FingerprintOf(R"("iss":"id","sub":"zoe","tenant":"b")"));
  EXPECT_NE(first, FingerprintOf(who + R"(,"acr":"0")"));
}

TEST(FingerprintTest, WithoutASubjectASessionMayBeAllThatNamesTheUser) {
  EXPECT_NE(FingerprintOf(R"("sid":"a")"), FingerprintOf(R"("sid":"b")"));
  EXPECT_NE(FingerprintOf(R"("sub":"","sid":"a")"), FingerprintOf(R"("sub":"","sid":"b")"));
  EXPECT_NE(FingerprintOf(R"("sub":null,"sid":"a")"), FingerprintOf(R"("sub":null,"sid":"b")"));
  EXPECT_EQ(FingerprintOf(R"("sid":"a","exp":1)"), FingerprintOf(R"("sid":"a","exp":2)"));
}

TEST(FingerprintTest, AllTokensOfAUserShareWhatThereIs) {
  const Identity first = WithFingerprint({"web", R"({"sub":"zoe","exp":1})"});
  EXPECT_EQ(first.user, WithFingerprint({"web", R"({"sub":"zoe","exp":2})"}).user);
  EXPECT_NE(first.user, WithFingerprint({"web", R"({"sub":"max","exp":1})"}).user);
  EXPECT_NE(first.user, 0U) << "which is nobody";
}

}  // namespace
}  // namespace protogres::auth
