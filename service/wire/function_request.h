// Reads the request message of a function. Pure.
#ifndef PROTOGRES_SERVICE_WIRE_FUNCTION_REQUEST_H_
#define PROTOGRES_SERVICE_WIRE_FUNCTION_REQUEST_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "contract/contract.h"
#include "contract/function_fields.h"

namespace protogres::wire {

struct FunctionRequest {
  // The arguments that are set: their index in the fields, and the value in PostgreSQL's text form.
  std::vector<std::pair<int, std::string>> arguments;
  contract::FunctionOptions options;
};

// `fields` are those of the arguments, in the order of their numbers. INVALID_ARGUMENT with the path of the field:
// malformed bytes, an unknown field, a wire type that does not fit, a value that is none of its type.
absl::StatusOr<FunctionRequest> DecodeFunctionRequest(const contract::Contract& contract,
                                                      const contract::Function& function,
                                                      const std::vector<contract::Field>& fields,
                                                      std::string_view bytes);

}  // namespace protogres::wire

#endif  // PROTOGRES_SERVICE_WIRE_FUNCTION_REQUEST_H_
