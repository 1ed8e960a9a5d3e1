// What an Aggregate method can compute of the columns of a table, and the messages that it answers with. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_AGGREGATES_H_
#define PROTOGRES_SERVICE_CONTRACT_AGGREGATES_H_

#include <optional>
#include <string>
#include <string_view>

#include "contract/contract.h"
#include "contract/file_builder.h"

namespace protogres::contract {

// In the order of the fields of the message of a group, whose numbers they are: OrderAggregate.
enum class AggregateKind { kCount = 2, kSum = 3, kAverage = 4, kMin = 5, kMax = 6 };
inline constexpr int kGroupNumber = 1;

// As it is called in a request, and in the message of a group: "count", "sum" ...
std::string_view NameOf(AggregateKind kind);

// What the aggregate of a column is: of a sum, an int64 where PostgreSQL's is bigint, a double of floats, else an exact
// decimal. Of kMin and kMax it is the column's own type; of kCount the column does not matter. nullopt: a column of
// this type has none.
std::optional<Type> AggregateType(AggregateKind kind, const Type& column);

// The messages that only Aggregate methods have are called by the row's with one of these after it. A table has all of
// the names.
inline constexpr std::string_view kAggregateTails[] = {"Aggregate", "Sum", "Average"};
// Whether the table, which has the Aggregate method, has that message, too.
bool HasAggregateMessage(const Table& table, std::string_view tail);

// Adds the messages of the table that they are of: OrderAggregate, OrderSum, OrderAverage.
void AddAggregateMessages(const Table& table, FileBuilder* file);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_AGGREGATES_H_
