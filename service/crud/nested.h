// What a Create writes that has related rows, as a tree of rows: it is planned here, and written by nested_write.h.
// Pure.
#ifndef PROTOGRES_SERVICE_CRUD_NESTED_H_
#define PROTOGRES_SERVICE_CRUD_NESTED_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "contract/contract.h"
#include "crud/bound_table.h"
#include "sql/statement.h"
#include "wire/row.h"

namespace protogres::crud {

// The rows of one relation, of all rows of the level above, or those that the request itself creates. Borrows the
// BoundTables.
struct NestedRows {
  // Where a row stands in the request.
  struct Place {
    std::size_t above = 0;  // the index of its row among those of the level above
    std::size_t index = 0;  // among the rows of this relation in that row
  };

  const contract::Relation* relation = nullptr;  // of the level above; null: these are the request's own rows
  const BoundTable* bound = nullptr;
  std::vector<sql::Row> rows;  // without what the foreign key is filled with
  std::vector<Place> places;   // of each row; `above` never decreases
  // Each relation once, those first whose foreign key is one of this level's columns: they are written before it.
  std::vector<NestedRows> before;
  std::vector<NestedRows> after;
};

// What is written of a row of `bound` and of what `related` has below it: a tree whose first level has one row.
// `related` must have been decoded with that row. INVALID_ARGUMENT with the path, which begins with `path`: a row below
// is malformed, or sets a column that a caller cannot insert; the API has no Create for its table; the foreign key's
// columns cannot be inserted; more relations one below the other than --max_depth.
absl::StatusOr<std::unique_ptr<NestedRows>> PlanNested(const BoundTable& bound, sql::Row row,
                                                       const wire::RelatedInput& related, const std::string& path);

// A tree of one row and nothing below it.
NestedRows OfOneRow(const BoundTable& bound, sql::Row row);

// How many rows are in a tree.
std::size_t CountRows(const NestedRows& tree);

// Adds the rows of a tree of the same table to `into`, after those that it has.
void Merge(NestedRows from, NestedRows* into);

// The step of a path to a row of the relation: "order_items[3]"; "customer", where it is to one.
std::string StepTo(const contract::Relation& relation, std::size_t index);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_NESTED_H_
