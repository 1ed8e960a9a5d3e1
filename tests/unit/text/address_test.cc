#include "text/address.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::text {
namespace {

using testing::HasSubstr;

TEST(AddressTest, IsWrittenAsItIsRead) {
  EXPECT_EQ(ParseAddress("localhost:0")->ToString(), "localhost:0");
  EXPECT_EQ(ParseAddress("0.0.0.0:50051")->ToString(), "0.0.0.0:50051");
  EXPECT_EQ(ParseAddress(":80")->ToString(), "0.0.0.0:80");
  EXPECT_EQ(ParseAddress("*:80")->ToString(), "0.0.0.0:80");
  EXPECT_EQ(ParseAddress("[::1]:80")->ToString(), "[::1]:80");
  EXPECT_EQ(ParseAddress("unix:/run/p.sock")->ToString(), "unix:/run/p.sock");
  EXPECT_EQ(ParseAddress("unix:///run/p.sock")->ToString(), "unix:/run/p.sock");
}

TEST(AddressTest, SaysWhatIsWrong) {
  for (const auto& [text, what] :
       std::initializer_list<std::pair<std::string, std::string>>{{"", "the port is missing"},
                                                                  {"localhost", "the port is missing"},
                                                                  {"localhost:", "no port"},
                                                                  {"localhost:http", "no port"},
                                                                  {"localhost:65536", "no port"},
                                                                  {"localhost:-1", "no port"},
                                                                  {"localhost:80 ", "no port"},
                                                                  {"::1:80", "brackets"},
                                                                  {"[]:80", "the host in the brackets is missing"},
                                                                  {"unix:", "the path is missing"}}) {
    const auto address = ParseAddress(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(address.status().message()), HasSubstr(what)) << text;
  }
}

TEST(AddressTest, Ports) {
  EXPECT_EQ(ParsePort("0"), 0);
  EXPECT_EQ(ParsePort("65535"), 65535);
  for (const char* text : {"", "65536", "-1", "+1", " 1", "1 ", "http"}) EXPECT_FALSE(ParsePort(text)) << text;
}

}  // namespace
}  // namespace protogres::text
