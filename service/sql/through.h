// Paths that go through relations to other tables: customer.country, order_items.product.name. Finds the relations of a
// path, and says in SQL which rows belong to a row. Pure.
#ifndef PROTOGRES_SERVICE_SQL_THROUGH_H_
#define PROTOGRES_SERVICE_SQL_THROUGH_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "contract/contract.h"

namespace protogres::sql {

// The most relations of a path, where a caller gives no other limit.
inline constexpr int kDefaultDepth = 5;
// The most relations in all paths of one filter, order or grouping: each is a table that PostgreSQL joins. It plans 32
// semi-joins in 0.2 s, and 100 in seconds.
inline constexpr int kMostHops = 32;

// A relation that a path goes through. Borrows the Contract.
struct Hop {
  const contract::Table* table = nullptr;  // whose relation it is
  const contract::Relation* relation = nullptr;
  const contract::Table* target = nullptr;

  bool operator==(const Hop&) const = default;
};

// The table at the end of `path`, which begins at `table`.
inline const contract::Table& EndOf(const std::vector<Hop>& path, const contract::Table& table) {
  return path.empty() ? table : *path.back().target;
}

// The table's relation of this name. No value: it has none.
std::optional<Hop> FindHop(const contract::Contract& contract, const contract::Table& table, std::string_view name);

// The condition that a row of the hop's target, under the alias `to`, belongs to the row under the alias `from`:
// t1."id" = t."customer_id" AND t1."deleted_at" IS NULL. Each part binds tighter than AND.
std::string Belongs(const Hop& hop, std::string_view from, std::string_view to, bool show_deleted);

// The relations to one that `path` begins with, and what follows them: a field, perhaps with more.
struct ToOnePath {
  std::vector<Hop> hops;
  std::string_view rest;
};
// What a path is for, in the words of an error.
struct PathUse {
  const char* rows_are;  // "ordered by"
  const char* instead;   // what does so for the rows of a relation to many
};
// INVALID_ARGUMENT, without a path: a relation is to many, or of a view whose rows nothing keeps to one; there is no
// field after the relations; or they are more than `max_depth`.
absl::StatusOr<ToOnePath> TakeToOne(const contract::Contract& contract, const contract::Table& table,
                                    std::string_view path, int max_depth, const PathUse& use);

// The rows of relations to one, each joined once to the rows of the table with the alias `t`. There are neither more
// nor fewer of these than before.
class Joins {
 public:
  // Adds the relations that are not there yet. The result is the index of the last one; -1: the path is empty.
  int Add(const std::vector<Hop>& path);
  std::size_t size() const { return joins_.size(); }

  const contract::Table& target(int join) const { return *joins_[static_cast<std::size_t>(join)].hop.target; }
  // The path to a join's rows.
  std::vector<Hop> PathOf(int join) const;
  // "t", "j1", "j2"
  static std::string Alias(int join);
  // What follows the table in FROM. Empty: there are no joins.
  std::string Sql(bool show_deleted) const;

  bool operator==(const Joins&) const = default;

 private:
  struct Join {
    int parent = -1;  // index into joins_; -1: t
    Hop hop;

    bool operator==(const Join&) const = default;
  };
  std::vector<Join> joins_;
};

// INVALID_ARGUMENT, without a path: more than kMostHops.
absl::Status CheckHops(std::size_t hops);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_THROUGH_H_
