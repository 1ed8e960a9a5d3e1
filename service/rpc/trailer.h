// absl::Status -> what an HTTP/2 trailer can carry. Pure.
#ifndef PROTOGRES_SERVICE_RPC_TRAILER_H_
#define PROTOGRES_SERVICE_RPC_TRAILER_H_

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/status.h"

namespace protogres::rpc {

// What the message may take once it is percent-encoded, and message and details (as
// base64) together. Clients refuse a trailer of more than 8 KiB (gRPC's
// default), whereupon the caller would see neither.
inline constexpr std::size_t kMaxMessageBytes = 4096;
inline constexpr std::size_t kMaxTrailerBytes = 7168;

struct Trailer {
  std::string message;  // grpc-message, before percent-encoding
  std::string details;  // grpc-status-details-bin, before base64; empty: none
  // grpc-retry-pushback-ms, the delay of the status's RetryInfo: gRPC's clients whose policy lets them try again do so
  // after this time (gRFC A6). Nothing: there is none.
  std::optional<std::chrono::milliseconds> pushback;
};

// A message that is too long is cut at a character and ends in "..."; details that do not
// fit are left out, the largest first.
Trailer MakeTrailer(const absl::Status& status);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_TRAILER_H_
