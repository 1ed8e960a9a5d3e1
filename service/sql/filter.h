// Compiles filter (AIP-160) and order_by (AIP-132) to SQL. Pure.
#ifndef PROTOGRES_SERVICE_SQL_FILTER_H_
#define PROTOGRES_SERVICE_SQL_FILTER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "contract/contract.h"
#include "sql/statement.h"
#include "sql/through.h"

namespace protogres::sql {

struct FilterOptions {
  int first_param = 1;
  // Of paths through relations: how many relations a path may go through, and whether soft-deleted rows are there.
  int max_depth = kDefaultDepth;
  bool show_deleted = false;
};

// Compiles `filter` to a condition over alias `t`: `text` is the condition (empty for an empty filter), `params` its
// literals, numbered from $(first_param). Field names are protobuf's.
//
// A path may go through relations. What is asked of a row of a relation to one is asked of the value that LEFT JOIN
// gives: NULL where there is no row. A relation to many is only asked whether it has a row, by `:` or a function.
//
// INVALID_ARGUMENT, path "filter", reason INVALID_FILTER: a syntax error (the message gives the position in characters,
// from 1, what was found there, and what was expected); an unknown field (with known ones that are near); a literal
// that does not fit the type of the field; a comparison that the type does not have; more than kMaxFilterDepth nested
// expressions; more relations than max_depth in a path or kMostHops in all; more than kMaxFilterBytes; or more values
// than a statement can have.
absl::StatusOr<Statement> CompileFilter(const contract::Contract& contract, const contract::Table& table,
                                        std::string_view filter, const FilterOptions& options = {});

inline constexpr int kMaxFilterDepth = 100;
inline constexpr std::size_t kMaxFilterBytes = 64 * 1024;

struct OrderTerm {
  int field = 0;  // index into Table::fields, of the table at the end of `path`
  bool descending = false;
  std::vector<Hop> path = {};  // relations to one

  bool operator==(const OrderTerm&) const = default;
};

// Parses "customer.name desc, age". INVALID_ARGUMENT, path "order_by", reason INVALID_ORDER_BY: a syntax error, an
// unknown field, a field that is named twice, one whose type has no order, or a relation that is to many; more
// relations than max_depth in a path or kMostHops in all.
absl::StatusOr<std::vector<OrderTerm>> ParseOrderBy(const contract::Contract& contract, const contract::Table& table,
                                                    std::string_view order_by, int max_depth = kDefaultDepth);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_FILTER_H_
