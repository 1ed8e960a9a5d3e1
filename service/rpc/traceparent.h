// The trace that a call belongs to, as its client says by W3C Trace Context, level 1. Pure.
#ifndef PROTOGRES_SERVICE_RPC_TRACEPARENT_H_
#define PROTOGRES_SERVICE_RPC_TRACEPARENT_H_

#include <optional>
#include <string_view>

namespace protogres::rpc {

// The name of the metadata. Client libraries for OpenTelemetry send it by themselves.
inline constexpr char kTraceparent[] = "traceparent";

// The trace's id in the value of `traceparent`, 32 lower-case hexadecimal digits, a part of `value`. Empty: `value` is
// not what the standard says, and must be ignored. Of versions to come it reads what they have in common with this one.
std::optional<std::string_view> TraceId(std::string_view value);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_TRACEPARENT_H_
