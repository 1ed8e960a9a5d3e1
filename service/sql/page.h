// Keyset pagination (AIP-158): the page token and the List statement. Pure.
#ifndef PROTOGRES_SERVICE_SQL_PAGE_H_
#define PROTOGRES_SERVICE_SQL_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "contract/contract.h"
#include "sql/filter.h"
#include "sql/statement.h"

namespace protogres::sql {

// Where a page ended: the values of the complete order's columns in its last
// row, and how many rows equal to it have been returned (1 unless the relation
// has no key; then the order is over all columns and rows may be alike).
struct Position {
  std::vector<Param> values;
  int repeats = 1;

  bool operator==(const Position&) const = default;
};

// The order of a List made total: `order_by`, then the key's columns that it
// does not name; without a key, all the remaining columns (those whose type has
// no order by their text form).
std::vector<OrderTerm> TotalOrder(const contract::Table& table, const std::vector<OrderTerm>& order_by);

// SELECT of a page: rows after `after` (null: from the start) that meet
// `condition` (from CompileFilter with first_param 1), in `order`, at most
// `limit` rows (the caller asks for one more than the page to see whether
// there is a next); without one, all. The select list is the projection, then what TokenColumns says. NULLs sort as
// PostgreSQL's default has them: last ascending, first descending. Where the relation has no key, the rows begin
// with the ones equal to `after`, of which the caller drops `repeats`; the
// limit allows for them.
Statement SelectPage(const contract::Table& table, const Projection& projection, const std::vector<OrderTerm>& order,
                     const Statement& condition, bool show_deleted, const Position* after,
                     std::optional<std::int64_t> limit);

// Where in a row of SelectPage the values of `order` stand, for the token: in the projection where its text is one that
// PostgreSQL reads back the same, else after it.
std::vector<std::size_t> TokenColumns(const contract::Table& table, const Projection& projection,
                                      const std::vector<OrderTerm>& order);

// SELECT count(*) of what meets `condition`.
Statement SelectCount(const contract::Table& table, const Statement& condition, bool show_deleted);

// A fingerprint of the arguments that a token belongs to: the table, filter, order and
// show_deleted; page_size and read_mask may change between pages.
std::uint64_t Fingerprint(const contract::Table& table, std::string_view filter, std::string_view order_by,
                          bool show_deleted);

// An opaque, URL-safe token. It can do nothing that a filter could not: its
// values only ever become parameters.
std::string EncodeToken(std::uint64_t fingerprint, const Position& position);

// INVALID_ARGUMENT, path "page_token", reason INVALID_PAGE_TOKEN: not a token
// (forged, truncated), or one of a call with other arguments. `columns` is how many values it must have.
absl::StatusOr<Position> DecodeToken(std::string_view token, std::uint64_t fingerprint, std::size_t columns);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_PAGE_H_
