#include "crud/listing.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "status/macros.h"
#include "status/status.h"

namespace protogres::crud {

sql::Statement Listing::Select(const contract::Table& table, std::optional<std::int64_t> limit) const {
  return sql::SelectPage(table, view.projection, order, condition, show_deleted, after.has_value() ? &*after : nullptr,
                         limit);
}

std::vector<sql::Param> Listing::ValuesOf(const db::Rows& rows, std::int64_t row) const {
  std::vector<sql::Param> values;
  for (const std::size_t column : token_columns) {
    const auto cell = rows.Cell(row, static_cast<int>(column));
    values.push_back(cell.has_value() ? sql::Param(std::string(*cell)) : std::nullopt);
  }
  return values;
}

std::string Listing::TokenAfter(std::vector<sql::Param> values, std::int64_t count) const {
  if (order.seekable && sql::FitsToken(values)) {
    return sql::EncodeToken(fingerprint, {.values = std::move(values), .skip = 0});
  }
  sql::Position position = after.value_or(sql::Position{});
  position.skip += count;
  return sql::EncodeToken(fingerprint, position);
}

absl::Status PlanTokens(const contract::Table& table, const wire::Request& request, Listing* listing) {
  listing->token_columns = sql::TokenColumns(table, listing->view.projection, listing->order);
  listing->fingerprint =
      sql::Fingerprint(table, listing->order, request.filter, request.order_by, request.show_deleted);
  if (request.page_token.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(listing->after,
                   sql::DecodeToken(request.page_token, listing->fingerprint, listing->token_columns.size()));
  return absl::OkStatus();
}

absl::StatusOr<sql::Statement> CompileFilter(const BoundTable& bound, const wire::Request& request) {
  return sql::CompileFilter(bound.contract(), bound.table(), request.filter,
                            {.max_depth = bound.limits().max_depth, .show_deleted = request.show_deleted});
}

absl::StatusOr<Listing> PlanListing(const BoundTable& bound, const wire::Request& request) {
  const auto& table = bound.table();
  Listing listing;
  ASSIGN_OR_RETURN(listing.view, bound.Asked(request, /*etag_by_default=*/false));
  listing.show_deleted = request.show_deleted;
  ASSIGN_OR_RETURN(listing.condition, CompileFilter(bound, request));
  ASSIGN_OR_RETURN(const auto order_by,
                   sql::ParseOrderBy(bound.contract(), table, request.order_by, bound.limits().max_depth));
  listing.order = sql::TotalOrder(table, order_by);
  RETURN_IF_ERROR(PlanTokens(table, request, &listing));
  return listing;
}

absl::StatusOr<std::int64_t> PageSize(const BoundTable& bound, const wire::Request& request, std::int64_t otherwise) {
  const Limits& limits = bound.limits();
  if (request.page_size < 0) {
    return status::BadRequest("page_size", fmt::format("is {}; give 0 for the default, or up to {}", request.page_size,
                                                       limits.max_page_size));
  }
  return request.page_size == 0 ? otherwise : std::min(request.page_size, limits.max_page_size);
}

}  // namespace protogres::crud
