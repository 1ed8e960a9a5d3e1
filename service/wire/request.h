// Reads the request message of any derived method. Pure.
#ifndef PROTOGRES_SERVICE_WIRE_REQUEST_H_
#define PROTOGRES_SERVICE_WIRE_REQUEST_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "contract/contract.h"
#include "contract/request.h"

namespace protogres::wire {

using contract::Request;

// INVALID_ARGUMENT with the path of the field: malformed bytes, an unknown field, a wire type that does not fit,
// invalid UTF-8, a bad value of a key. The method checks whether what it needs is set.
absl::StatusOr<Request> DecodeRequest(const contract::Contract& contract, const contract::Table& table,
                                      contract::MethodKind kind, std::string_view bytes);

}  // namespace protogres::wire

#endif  // PROTOGRES_SERVICE_WIRE_REQUEST_H_
