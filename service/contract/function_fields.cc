#include "contract/function_fields.h"

#include <algorithm>

namespace protogres::contract {
namespace {

bool HasRow(const Function& function) { return function.set || function.kind == ResultKind::kRow; }

bool IsSet(const Function& function) { return function.set; }

bool Writes(const Function& function) { return function.writes; }

// A stream has no answer that could be given once more.
bool HasRequestId(const Function& function) { return function.writes && !function.set; }

bool HasArguments(const Function& function) {
  return std::ranges::any_of(function.arguments, [](const Argument& argument) { return !argument.out; });
}

constexpr FunctionField kFields[] = {
    {2001, "read_mask", &FunctionOptions::read_mask, "The fields of the rows to read; none: all (AIP-157).", HasRow},
    {2004, "validate_only", &FunctionOptions::validate_only, "Runs everything and rolls it back (AIP-163).", Writes},
    {2005, "request_id", &FunctionOptions::request_id,
     "The caller's own id of the request: sent again, it is answered as before and not run again (AIP-155).",
     HasRequestId},
    {2010, "filter", &FunctionOptions::filter, "Which of the rows (AIP-160).", IsSet},
    {2011, "order_by", &FunctionOptions::order_by, "As in \"name desc, id\" (AIP-132).", IsSet},
    {2012, "argument_mask", &FunctionOptions::argument_mask,
     "The arguments that are passed as they are, unset ones as NULL; *: all of them.", HasArguments},
};

}  // namespace

std::span<const FunctionField> FunctionFields() { return kFields; }

FieldScope BesideArguments() {
  FieldScope scope;
  for (const FunctionField& field : kFields) {
    const bool text = std::holds_alternative<std::string FunctionOptions::*>(field.member);
    const bool flag = std::holds_alternative<bool FunctionOptions::*>(field.member);
    scope.Take(field.name, text ? Kind::kString : flag ? Kind::kBool : Kind::kMessage);
  }
  return scope;
}

}  // namespace protogres::contract
