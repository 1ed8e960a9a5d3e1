#include "text/address.h"

#include <fmt/format.h>

#include "text/number.h"

namespace protogres::text {
namespace {

constexpr std::string_view kUnix = "unix:";

absl::Status Malformed(const std::string& what) {
  return absl::InvalidArgumentError(
      what + "; it must be host:port, [IPv6]:port, :port for all IPv4 interfaces, or unix:/path");
}

}  // namespace

std::string Address::ToString() const {
  if (!unix_path.empty()) return std::string(kUnix) + unix_path;
  return host.find(':') == std::string::npos ? host + ":" + port : "[" + host + "]:" + port;
}

absl::StatusOr<Address> ParseAddress(std::string_view text) {
  Address address;
  if (text.starts_with(kUnix)) {
    address.unix_path = text.substr(kUnix.size());
    if (address.unix_path.starts_with("//")) address.unix_path.erase(0, 2);  // unix:///path
    if (address.unix_path.empty()) return Malformed("the path is missing");
    return address;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Malformed("the port is missing");
  address.host = text.substr(0, colon);
  address.port = text.substr(colon + 1);
  if (!ParsePort(address.port)) return Malformed(fmt::format("\"{}\" is no port from 0 to 65535", address.port));
  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
    if (address.host.empty()) return Malformed("the host in the brackets is missing");
  } else if (address.host.find(':') != std::string::npos) {
    return Malformed("an IPv6 address needs brackets");
  }
  if (address.host.empty() || address.host == "*") address.host = "0.0.0.0";
  return address;
}

std::optional<std::uint16_t> ParsePort(std::string_view text) { return ParseNumber<std::uint16_t>(text); }

}  // namespace protogres::text
