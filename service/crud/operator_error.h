// The errors of operators that a filter or an order needs and that PostgreSQL does not find, and of computed columns:
// tells which column they are about. Pure.
#ifndef PROTOGRES_SERVICE_CRUD_OPERATOR_ERROR_H_
#define PROTOGRES_SERVICE_CRUD_OPERATOR_ERROR_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "contract/contract.h"

namespace protogres::crud {

// `error` of `statement`, in which the alias of `table` is t. If PostgreSQL finds no operator for a column (42883), or
// more than one (42725), the request is to blame: the result is INVALID_ARGUMENT with the path filter or order_by and
// the reason INVALID_FILTER or INVALID_ORDER_BY, and names the column. If PostgreSQL does not take a regular expression
// or finds no text search configuration, the filter is to blame, too. Every other error is returned as it is, and so is
// one of these inside a function that the statement calls.
absl::Status OfOperator(const absl::Status& error, const std::string& statement, const contract::Table& table);

// `error` of `statement`, in which the alias of `table` is t. If a right is missing (PERMISSION_DENIED) and the
// statement computes a column, the message says which rights that takes, as PostgreSQL's does not say that the function
// is called with the whole row. Every other error is returned as it is. OfOperator does the same.
absl::Status OfComputed(const absl::Status& error, const std::string& statement, const contract::Table& table);

// The place in `statement` of what the error is about. No value: the error does not tell.
std::optional<std::size_t> PlaceOf(const absl::Status& error, const std::string& statement);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_OPERATOR_ERROR_H_
