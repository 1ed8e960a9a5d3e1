// Compiles filter (AIP-160) and order_by (AIP-132) to SQL. Pure.
#ifndef PROTOGRES_SERVICE_SQL_FILTER_H_
#define PROTOGRES_SERVICE_SQL_FILTER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "contract/contract.h"
#include "sql/statement.h"

namespace protogres::sql {

// Compiles `filter` to a condition over alias `t`: `text` is the condition
// (empty for an empty filter), `params` its literals, numbered from
// $(first_param). Field names are protobuf's.
//
// INVALID_ARGUMENT, path "filter", reason INVALID_FILTER: a syntax error (the message gives the position in characters,
// from 1, what was found there, and what was expected); an unknown field (with known ones that are near); a literal
// that does not fit the type of the field; a comparison that the type does not have; more than kMaxFilterDepth nested
// expressions; more than kMaxFilterBytes; or more values than a statement can have.
absl::StatusOr<Statement> CompileFilter(const contract::Contract& contract, const contract::Table& table,
                                        std::string_view filter, int first_param = 1);

inline constexpr int kMaxFilterDepth = 100;
inline constexpr std::size_t kMaxFilterBytes = 64 * 1024;

struct OrderTerm {
  int field = 0;  // index into Table::fields
  bool descending = false;

  bool operator==(const OrderTerm&) const = default;
};

// Parses "age desc, name". INVALID_ARGUMENT, path "order_by", reason INVALID_ORDER_BY: a syntax error, an unknown
// field, a field that is named twice, or one whose type has no order.
absl::StatusOr<std::vector<OrderTerm>> ParseOrderBy(const contract::Table& table, std::string_view order_by);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_FILTER_H_
