// Functions and procedures: a call is one statement, whose row or rows are encoded as those of a table.
#ifndef PROTOGRES_SERVICE_CRUD_FUNCTION_H_
#define PROTOGRES_SERVICE_CRUD_FUNCTION_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "contract/contract.h"
#include "contract/function_fields.h"
#include "crud/bound_table.h"
#include "crud/method.h"
#include "sql/call.h"
#include "wire/function_request.h"

namespace protogres::crud {

// One call, decoded and planned.
struct FunctionCall {
  sql::Statement statement;
  std::vector<const contract::Field*> given;  // the arguments that its first parameters are
  View view;                                  // of its rows
  contract::FunctionOptions options;
};

// A function as its method uses it. Built with the Api, immutable.
class BoundFunction {
 public:
  // `contract` must outlive it.
  BoundFunction(const contract::Contract& contract, const contract::Function& function, const Limits& limits);

  const contract::Function& function() const { return function_; }
  // What its rows are: a table that does not exist, but has their fields.
  const BoundTable& rows() const { return rows_; }
  // Whether what it returns may turn out to be something that cannot be answered, so that it must be encoded before it
  // is committed.
  bool EncodesBeforeCommit() const;

  // INVALID_ARGUMENT with the path of the field: see wire::DecodeFunctionRequest; an argument without a DEFAULT that is
  // not set; a bad mask, filter or order.
  absl::StatusOr<FunctionCall> Plan(std::string_view request) const;

  // `error` of a statement of Plan, with the path of the argument, or of the filter or order, that it is of.
  absl::Status Locate(const FunctionCall& call, const absl::Status& error) const;

 private:
  absl::StatusOr<sql::Given> Give(const wire::FunctionRequest& request) const;
  // The arguments that a mask names, as a flag for each.
  absl::StatusOr<std::vector<bool>> Masked(const Mask& argument_mask) const;

  const contract::Contract& contract_;
  const contract::Function& function_;
  std::vector<contract::Field> fields_;  // of the arguments in requests
  std::vector<std::size_t> places_;      // of each: its index in Function::arguments
  const contract::Table table_;
  const BoundTable rows_;
};

// The method of a function: unary, or of a set a stream. `bound` must outlive it.
std::unique_ptr<Method> MakeFunction(const BoundFunction& bound, const Method::Names& names);
// The method of a set. Private to crud/.
std::unique_ptr<Method> MakeFunctionStream(const BoundFunction& bound, const Method::Names& names);

// With these a Session has a transaction of its own for the one statement, in one round trip. Private to crud/.
db::SessionOptions OwnTransaction(const contract::Function& function);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_FUNCTION_H_
