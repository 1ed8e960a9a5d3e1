// Errors of operators that a filter or an order needs and PostgreSQL does not find: which column they are of. Pure.
#ifndef PROTOGRES_SERVICE_CRUD_OPERATOR_ERROR_H_
#define PROTOGRES_SERVICE_CRUD_OPERATOR_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "contract/contract.h"

namespace protogres::crud {

// `error` of `statement`, whose alias for `table` is t. Where PostgreSQL finds no operator for a column (42883), or
// more than one that could be meant (42725), it is the request's: INVALID_ARGUMENT with the path filter or order_by,
// reason INVALID_FILTER or INVALID_ORDER_BY, that names the column. Every other error, and one within a function that
// the statement calls, comes back as it is.
absl::Status OfOperator(const absl::Status& error, const std::string& statement, const contract::Table& table);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_OPERATOR_ERROR_H_
