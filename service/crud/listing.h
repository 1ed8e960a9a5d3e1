// What List and Stream have in common: a request that asks for rows by filter
// and order, from a token on, and where in that order one has come to.
#ifndef PROTOGRES_SERVICE_CRUD_LISTING_H_
#define PROTOGRES_SERVICE_CRUD_LISTING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "crud/bound_table.h"
#include "sql/filter.h"
#include "sql/page.h"
#include "wire/request.h"

namespace protogres::crud {

struct Listing {
  View view;
  sql::Statement condition;
  sql::RowOrder order;
  std::vector<std::size_t> token_columns;  // by the keys of a seekable `order`: where a row has what its token says
  bool show_deleted = false;
  std::optional<sql::Position> after;  // page_token
  std::uint64_t fingerprint = 0;

  // SELECT of at most `limit` rows of it, by sql::SelectPage; nothing: of all.
  sql::Statement Select(const contract::Table& table, std::optional<std::int64_t> limit) const;
  // The token of what comes after a row: the `count`th of this call, which has these at `token_columns`.
  std::string TokenAfter(std::vector<sql::Param> values, std::int64_t count) const;
};

// INVALID_ARGUMENT: a bad read_mask, filter, order_by or page_token.
absl::StatusOr<Listing> PlanListing(const BoundTable& bound, const wire::Request& request);

// The rows of one page or chunk: the request's page_size, cut to the maximum; `otherwise` where it gives none.
// INVALID_ARGUMENT: it is negative.
absl::StatusOr<std::int64_t> PageSize(const BoundTable& bound, const wire::Request& request, std::int64_t otherwise);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_LISTING_H_
