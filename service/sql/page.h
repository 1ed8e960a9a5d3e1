// The pages of a List (AIP-158): its statement and its page token. Where the order allows it, a page begins after the
// values of the last row (keyset), else after a number of rows. Pure.
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

// How far a List has come. It is bounded: values that do not fit a token are replaced by a number of rows.
struct Position {
  // The values of the last row, one for each key of a seekable order. Empty: there are none, and `skip` counts from the
  // first row.
  std::vector<Param> values;
  // The number of rows after that row that have been returned, too.
  std::int64_t skip = 0;

  bool operator==(const Position&) const = default;
};

// The most bytes that the values of a token have together.
inline constexpr std::size_t kMaxPositionBytes = 8 * 1024;
bool FitsToken(const std::vector<Param>& values);

// The SELECT of a page: the rows after `after` (null: from the first row) that meet `condition` (made by CompileFilter
// with first_param 1), in `order`, and at most `limit` of them (without a limit: all). A caller asks for one row more
// than the page has, to see whether there is another page. The select list is the projection, then what TokenColumns
// says. NULLs sort as by PostgreSQL's default: last if ascending, first if descending.
Statement SelectPage(const contract::Table& table, const Projection& projection, const RowOrder& order,
                     const Statement& condition, bool show_deleted, const Position* after,
                     std::optional<std::int64_t> limit);

// The columns in a row of SelectPage that have the values of a seekable `order`, for the token. They are those of the
// projection if PostgreSQL reads the same value back from the text there, else columns after it. Empty if the order is
// not seekable.
std::vector<std::size_t> TokenColumns(const contract::Table& table, const Projection& projection,
                                      const RowOrder& order);

// SELECT count(*) of the rows that meet `condition`.
Statement SelectCount(const contract::Table& table, const Statement& condition, bool show_deleted);

// A fingerprint of the arguments that a token belongs to: the table, filter, order and show_deleted. page_size and
// read_mask may change between pages. `order` is the one that `order_by` is made to.
std::uint64_t Fingerprint(const contract::Table& table, const RowOrder& order, std::string_view filter,
                          std::string_view order_by, bool show_deleted);

// Makes an opaque, URL-safe token. A token can do nothing that a filter could not: what is in it only ever becomes
// parameters, and rows that are skipped stay in PostgreSQL.
std::string EncodeToken(std::uint64_t fingerprint, const Position& position);

// INVALID_ARGUMENT, path "page_token", reason INVALID_PAGE_TOKEN: it is no token (forged, truncated), or one of a call
// with other arguments. If it has values, there must be `columns` of them.
absl::StatusOr<Position> DecodeToken(std::string_view token, std::uint64_t fingerprint, std::size_t columns);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_PAGE_H_
