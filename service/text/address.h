// Addresses to listen on, as text. Pure.
#ifndef PROTOGRES_SERVICE_TEXT_ADDRESS_H_
#define PROTOGRES_SERVICE_TEXT_ADDRESS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace protogres::text {

struct Address {
  std::string host;  // without the brackets of IPv6
  std::string port;
  std::string unix_path;  // not empty: a Unix socket, and no host and port

  // As it is written.
  std::string ToString() const;
};

// host:port, [IPv6]:port, :port (all IPv4 interfaces), or unix:/path. INVALID_ARGUMENT: what is wrong with `text`,
// and what it may be.
absl::StatusOr<Address> ParseAddress(std::string_view text);

// A number from 0 to 65535 and nothing else.
std::optional<std::uint16_t> ParsePort(std::string_view text);

}  // namespace protogres::text

#endif  // PROTOGRES_SERVICE_TEXT_ADDRESS_H_
