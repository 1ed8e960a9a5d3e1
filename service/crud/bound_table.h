// A table as its methods use it: its part of the Contract, the Limits, and how its requests are decoded and its rows
// encoded. Built with the Api, immutable.
#ifndef PROTOGRES_SERVICE_CRUD_BOUND_TABLE_H_
#define PROTOGRES_SERVICE_CRUD_BOUND_TABLE_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "contract/contract.h"
#include "crud/masks.h"
#include "crud/method.h"
#include "crud/plan_check.h"
#include "crud/view_cache.h"
#include "db/rows.h"
#include "sql/statement.h"
#include "wire/request.h"
#include "wire/row.h"

namespace protogres::crud {

struct RelatedPlan;

// The columns that a request asks for, and their encoder. Cheap to copy.
struct View {
  sql::Projection projection;
  std::shared_ptr<const wire::RowEncoder> encoder;
  std::shared_ptr<const RelatedPlan> related = nullptr;  // null: no related rows are asked for
};

class BoundTable {
 public:
  // All arguments must outlive it.
  BoundTable(const contract::Contract& contract, const contract::Table& table, const Limits& limits);
  ~BoundTable();
  BoundTable(const BoundTable&) = delete;
  BoundTable& operator=(const BoundTable&) = delete;

  const contract::Contract& contract() const { return contract_; }
  const contract::Table& table() const { return table_; }
  const Limits& limits() const { return limits_; }

  // All columns that can be read, without computed ones, with the etag where the table has one: what single-row methods
  // answer.
  const View& whole() const { return whole_; }
  // What `read_mask` asks for. Where it asks for all fields (see ReadMasked), these have the etag only if
  // `etag_by_default`. INVALID_ARGUMENT: an unknown path, or one that is input only.
  absl::StatusOr<View> Masked(const Mask& read_mask, bool etag_by_default) const;

  // What a request that reads asks for: as Masked, and its related rows. A mask that was asked for before is not
  // planned again (ViewCache). INVALID_ARGUMENT: see PlanRelated.
  absl::StatusOr<View> Asked(const wire::Request& request, bool etag_by_default) const {
    return Asked(request, etag_by_default, ShapeOf(request));
  }
  // The same where ShapeOf(request) is known.
  absl::StatusOr<View> Asked(const wire::Request& request, bool etag_by_default, std::string_view shape) const;

  // wire::DecodeRequest of this table.
  absl::StatusOr<wire::Request> Decode(contract::MethodKind kind, std::string_view request) const;
  // The key that a Get, Delete or Undelete request names. INVALID_ARGUMENT: a field of the key is not set.
  absl::StatusOr<sql::Key> KeyOf(const wire::Request& request) const;
  // The key of the row that an Update request carries. INVALID_ARGUMENT: a field of the key is not set.
  absl::StatusOr<sql::Key> KeyOf(const wire::RowInput& row) const;
  // The row that a Create, Update or UpdateWhere request carries. INVALID_ARGUMENT: there is none, or it is malformed,
  // or has related rows where `related` is null.
  absl::StatusOr<wire::RowInput> RowOf(const wire::Request& request, wire::RelatedInput* related = nullptr) const;

  // The table with this index in Contract::tables, bound when it is first asked for: rows of it are written together
  // with rows of this one. It lives as long as this one. Thread-safe.
  const BoundTable& Other(int table) const;

  // Whether a row that was written may turn out to be one that cannot be answered. Then it must be encoded before it is
  // committed, so that a statement which writes one needs an explicit transaction.
  bool EncodesBeforeCommit() const {
    return whole_.encoder->may_refuse() || limits().max_answer_bytes < std::numeric_limits<int>::max();
  }

  // What is appended to the statement of such a row instead, where it runs alone: it is then committed at once, in one
  // round trip. See sql::CheckOfFit. Empty: nothing need be checked, or SQL cannot.
  const std::string& check_of_fit() const { return check_of_fit_; }

  // The value of a field that can be read, in row `row` of `rows`, which have the columns of whole().
  std::optional<std::string_view> CellOf(int field, const db::Rows& rows, std::int64_t row) const {
    return rows.Cell(row, static_cast<int>(whole_.projection.ColumnOf(field)));
  }

  // The row that a statement has returned in `rows`, as it is to be answered. In a partitioned table, RETURNING does
  // not know a row's etag after a savepoint: there the row is read again by its key, which blocks.
  absl::StatusOr<db::Rows> Stored(db::Session& session, db::Rows rows) const;

  // The most bytes of results that are read for a page or chunk: the text of a value is seldom four times as long as
  // what it is encoded to.
  std::int64_t most_read() const { return 4 * limits_.max_page_bytes; }

  // OK without --require_index. See PlanCheck::Check.
  absl::Status CheckPlan(db::Session& session, const sql::Statement& statement) const;

  // Appends row `index` of `rows` as a message of `view`'s columns, before which `skip` columns are passed over.
  absl::Status Encode(const View& view, const db::Rows& rows, std::int64_t index, std::string* out, int skip = 0) const;
  // The same as an element of the `rows` field of a response.
  absl::Status EncodeElement(const View& view, const db::Rows& rows, std::int64_t index, std::string* out,
                             int skip = 0) const;

 private:
  // Asked, without the cache.
  absl::StatusOr<View> PlanView(const wire::Request& request, bool etag_by_default) const;

  const contract::Contract& contract_;
  const contract::Table& table_;
  const Limits& limits_;
  View whole_;
  View plain_;
  std::string check_of_fit_;
  const std::unique_ptr<PlanCheck> plans_;  // null: plans do not matter
  mutable std::mutex mutex_;
  mutable absl::flat_hash_map<int, std::unique_ptr<const BoundTable>> others_;  // guarded by mutex_
};

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_BOUND_TABLE_H_
