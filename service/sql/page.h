// Pages (AIP-158), by keyset where the order allows it: the page token and the List statement. Pure.
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
#include "sql/row_order.h"
#include "sql/statement.h"

namespace protogres::sql {

// How far a listing has come. Bounded: what does not fit is counted.
struct Position {
  // The last row's, of a seekable order, one for each of its keys; empty: none, from the first row on.
  std::vector<Param> values;
  // How many rows after that one (without one: from the first on) have been returned, too.
  std::int64_t skip = 0;

  bool operator==(const Position&) const = default;
};

// The bytes that the values of a token have together at the most.
inline constexpr std::size_t kMaxPositionBytes = 8 * 1024;
bool FitsToken(const std::vector<Param>& values);

// SELECT of a page: rows after `after` (null: from the start) that meet
// `condition` (from CompileFilter with first_param 1), in `order`, at most
// `limit` rows (the caller asks for one more than the page to see whether
// there is a next); without one, all. The select list is the projection, then what TokenColumns says. NULLs sort as
// PostgreSQL's default has them: last ascending, first descending.
Statement SelectPage(const contract::Table& table, const Projection& projection, const RowOrder& order,
                     const Statement& condition, bool show_deleted, const Position* after,
                     std::optional<std::int64_t> limit);

// Where in a row of SelectPage the values of a seekable `order` stand, for the token: in the projection where its text
// is one that PostgreSQL reads back the same, else after it. Of another order: nowhere.
std::vector<std::size_t> TokenColumns(const contract::Table& table, const Projection& projection,
                                      const RowOrder& order);

// SELECT count(*) of what meets `condition`.
Statement SelectCount(const contract::Table& table, const Statement& condition, bool show_deleted);

// A fingerprint of the arguments that a token belongs to: the table, filter, order and
// show_deleted; page_size and read_mask may change between pages.
std::uint64_t Fingerprint(const contract::Table& table, std::string_view filter, std::string_view order_by,
                          bool show_deleted);

// An opaque, URL-safe token. It can do nothing that a filter could not: what is
// in it only ever becomes parameters, and rows that are skipped stay in PostgreSQL.
std::string EncodeToken(std::uint64_t fingerprint, const Position& position);

// INVALID_ARGUMENT, path "page_token", reason INVALID_PAGE_TOKEN: not a token
// (forged, truncated), or one of a call with other arguments. `columns` is how many values it must have, if any.
absl::StatusOr<Position> DecodeToken(std::string_view token, std::uint64_t fingerprint, std::size_t columns);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_PAGE_H_
