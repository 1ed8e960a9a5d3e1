// Plans an Aggregate: what its request groups by and computes, and the SELECT of it. Pure.
#ifndef PROTOGRES_SERVICE_SQL_AGGREGATE_H_
#define PROTOGRES_SERVICE_SQL_AGGREGATE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "contract/aggregates.h"
#include "contract/contract.h"
#include "sql/statement.h"
#include "sql/through.h"

namespace protogres::sql {

// `order.created_at.month`: the relations to one, the field, and to what it is cut.
struct GroupTerm {
  int field = 0;          // index into Table::fields, of the table at the end of `path`
  std::string_view cut;   // what date_trunc() takes: "month"; empty: the value itself
  std::vector<Hop> path;  // relations to one

  // The table that the field is of, where `table` is the one that is aggregated.
  const contract::Table& TableOf(const contract::Table& table) const { return EndOf(path, table); }

  bool operator==(const GroupTerm&) const = default;
};

// `sum(amount)`.
struct AggregateTerm {
  contract::AggregateKind kind = contract::AggregateKind::kCount;
  int field = -1;  // index into Table::fields; -1: kCount

  bool operator==(const AggregateTerm&) const = default;
};

struct Aggregation {
  std::vector<GroupTerm> groups;
  std::vector<AggregateTerm> aggregates;  // by kind, so that those of one message stand together
};

// Reads the fields group_by and aggregates of a request. INVALID_ARGUMENT with the path of what is wrong
// ("aggregates[1]"): a syntax error, an unknown field, one that is named twice or has no such values, a relation that
// is to many, more relations than `max_depth` in a path or kMostHops in all; or nothing is asked for.
absl::StatusOr<Aggregation> ParseAggregation(const contract::Contract& contract, const contract::Table& table,
                                             const std::vector<std::string>& group_by,
                                             const std::vector<std::string>& aggregates, int max_depth = kDefaultDepth);

// The groups as a relation of their own, which sql/page.h makes pages of: its `sql_name` is the SELECT that computes
// them of the rows of `table` that meet `condition`, whose parameters are the first ones of each statement. Its fields
// are first those of `groups`, which are its key, then those of `aggregates`; what order_by calls them is their name.
contract::Table GroupsOf(const contract::Table& table, const Aggregation& aggregation, const Statement& condition,
                         bool show_deleted);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_AGGREGATE_H_
