// What List and Stream have in common: a request asks for the rows that a filter keeps, in an order, from the place on
// that a page token names.
#ifndef PROTOGRES_SERVICE_CRUD_LISTING_H_
#define PROTOGRES_SERVICE_CRUD_LISTING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "crud/bound_table.h"
#include "db/rows.h"
#include "sql/filter.h"
#include "sql/page.h"
#include "wire/request.h"

namespace protogres::crud {

struct Listing {
  View view;
  sql::Statement condition;
  sql::RowOrder order;
  // The columns of a result that hold the values of a row's token, one for each key of a seekable `order`.
  std::vector<std::size_t> token_columns;
  bool show_deleted = false;
  // Where the page token says that the rows begin. No value: at the first row.
  std::optional<sql::Position> after;
  // The fingerprint of the arguments that a page token belongs to. With other arguments the token is refused.
  std::uint64_t fingerprint = 0;

  // The statement that reads at most `limit` rows; no value: all of them. See sql::SelectPage.
  sql::Statement Select(const contract::Table& table, std::optional<std::int64_t> limit) const;
  // The values that a row of a result has in the columns `token_columns`.
  std::vector<sql::Param> ValuesOf(const db::Rows& rows, std::int64_t row) const;
  // The token of the rows that come after one row. That row is the `count`th of this call, and has `values` in the
  // columns `token_columns`.
  std::string TokenAfter(std::vector<sql::Param> values, std::int64_t count) const;
};

// Sets what the tokens of a listing of `table` have, and where `request` says that its rows begin. The view and the
// order must be set. INVALID_ARGUMENT: a bad page_token.
absl::Status PlanTokens(const contract::Table& table, const wire::Request& request, Listing* listing);

// The condition of a request's filter. INVALID_ARGUMENT: see sql::CompileFilter.
absl::StatusOr<sql::Statement> CompileFilter(const BoundTable& bound, const wire::Request& request);

// INVALID_ARGUMENT: a bad read_mask, filter, order_by or page_token.
absl::StatusOr<Listing> PlanListing(const BoundTable& bound, const wire::Request& request);

// The most rows of one page or chunk: the request's page_size, but not more than --max_page_size; `otherwise` if the
// request gives none. INVALID_ARGUMENT: it is negative.
absl::StatusOr<std::int64_t> PageSize(const BoundTable& bound, const wire::Request& request, std::int64_t otherwise);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_LISTING_H_
