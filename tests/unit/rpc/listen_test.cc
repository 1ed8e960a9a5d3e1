#include "rpc/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::rpc {
namespace {

using testing::HasSubstr;

TEST(ListenTest, ParsesAddresses) {
  EXPECT_EQ(ParseAddress("localhost:0")->ToString(), "localhost:0");
  EXPECT_EQ(ParseAddress("0.0.0.0:50051")->ToString(), "0.0.0.0:50051");
  EXPECT_EQ(ParseAddress(":80")->ToString(), "0.0.0.0:80");
  EXPECT_EQ(ParseAddress("*:80")->ToString(), "0.0.0.0:80");
  EXPECT_EQ(ParseAddress("[::1]:80")->ToString(), "[::1]:80");
  EXPECT_EQ(ParseAddress("unix:/run/p.sock")->ToString(), "unix:/run/p.sock");
  EXPECT_EQ(ParseAddress("unix:///run/p.sock")->ToString(), "unix:/run/p.sock");
}

TEST(ListenTest, SaysWhatIsWrong) {
  for (const auto& [listen, what] :
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
    const auto address = ParseAddress(listen);
    ASSERT_FALSE(address.ok()) << listen;
    EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(address.status().message()), HasSubstr(what)) << listen;
  }
}

TEST(ListenTest, TellsAnUnknownHostFromAPortInUse) {
  EXPECT_TRUE(Listen(*ParseAddress("127.0.0.1:0")).ok());
  EXPECT_EQ(Listen(*ParseAddress("256.256.256.256:0")).status().code(), absl::StatusCode::kInvalidArgument);

  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(name);
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&name), size), 0);
  ASSERT_EQ(::listen(socket, 1), 0);
  ASSERT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&name), &size), 0);
  const auto used = Listen(*ParseAddress("127.0.0.1:" + std::to_string(ntohs(name.sin_port))));
  EXPECT_EQ(used.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(used.status().message()), HasSubstr("in use"));
  ::close(socket);
}

TEST(ListenTest, RefusesImpossibleSocketPaths) {
  EXPECT_EQ(Listen(*ParseAddress("unix:/" + std::string(200, 'x'))).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Listen(*ParseAddress("unix:/no/such/directory/p.sock")).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace protogres::rpc
