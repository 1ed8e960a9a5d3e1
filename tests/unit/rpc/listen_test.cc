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

TEST(ListenTest, RefusesImpossibleSocketPaths) {
  EXPECT_EQ(Listen(*text::ParseAddress("unix:/" + std::string(200, 'x'))).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Listen(*text::ParseAddress("unix:/no/such/directory/p.sock")).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace protogres::rpc
