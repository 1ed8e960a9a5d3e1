#include "rpc/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "text/address.h"

namespace protogres::rpc {
namespace {

using testing::HasSubstr;

TEST(ListenTest, TellsAnUnknownHostFromAPortInUse) {
  EXPECT_TRUE(Listen(*text::ParseAddress("127.0.0.1:0")).ok());
  EXPECT_EQ(Listen(*text::ParseAddress("256.256.256.256:0")).status().code(), absl::StatusCode::kInvalidArgument);

  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(name);
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&name), size), 0);
  ASSERT_EQ(::listen(socket, 1), 0);
  ASSERT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&name), &size), 0);
  const auto used = Listen(*text::ParseAddress("127.0.0.1:" + std::to_string(ntohs(name.sin_port))));
  EXPECT_EQ(used.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(used.status().message()), HasSubstr("in use"));
  ::close(socket);
}

TEST(ListenTest, TellsWhatOtherMachinesCanReach) {
  for (const char* local : {"127.0.0.1:0", "127.9.9.9:0", "localhost:0", "[::ffff:127.0.0.1]:0"}) {
    EXPECT_TRUE(Listen(*text::ParseAddress(local), true).ok()) << local;
  }
  EXPECT_TRUE(Listen(*text::ParseAddress("unix:" + testing::TempDir() + "listen_test.sock"), true).ok());
  for (const char* anywhere : {":0", "0.0.0.0:0"}) {
    EXPECT_TRUE(Listen(*text::ParseAddress(anywhere)).ok()) << anywhere;
    const absl::Status refused = Listen(*text::ParseAddress(anywhere), true).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << anywhere;
    EXPECT_THAT(std::string(refused.message()), HasSubstr("--insecure"));
  }
}

TEST(ListenTest, RefusesImpossibleSocketPaths) {
  EXPECT_EQ(Listen(*text::ParseAddress("unix:/" + std::string(200, 'x'))).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Listen(*text::ParseAddress("unix:/no/such/directory/p.sock")).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace protogres::rpc
