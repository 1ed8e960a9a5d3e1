// Protogres' own fields in the requests of functions, beside the arguments. The descriptors, the names that arguments
// must not have, and the decoder of requests are made from this table. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_FUNCTION_FIELDS_H_
#define PROTOGRES_SERVICE_CONTRACT_FUNCTION_FIELDS_H_

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "contract/contract.h"
#include "contract/scope.h"

namespace protogres::contract {

// What the own fields of a request say.
struct FunctionOptions {
  std::optional<std::vector<std::string>> read_mask;
  std::optional<std::vector<std::string>> argument_mask;
  std::string filter;
  std::string order_by;
  std::string request_id;
  bool validate_only = false;
};

// The type of the member says what the field's is: string, bool or google.protobuf.FieldMask.
using FunctionMember = std::variant<std::string FunctionOptions::*, bool FunctionOptions::*,
                                    std::optional<std::vector<std::string>> FunctionOptions::*>;

struct FunctionField {
  int number = 0;  // kOwnFirst to kOwnLast; it stays what it is for good
  const char* name;
  FunctionMember member;
  const char* note;                 // the comment
  bool (*served)(const Function&);  // whether the requests of a function have it
};

// In the order of the numbers.
std::span<const FunctionField> FunctionFields();

// The names of all of them.
FieldScope BesideArguments();

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_FUNCTION_FIELDS_H_
