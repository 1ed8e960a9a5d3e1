// What the methods of one table share: its Contract, its codecs, and the steps
// that their handlers are made of. Built with the Api, immutable.
#ifndef PROTOGRES_SERVICE_CRUD_BOUND_TABLE_H_
#define PROTOGRES_SERVICE_CRUD_BOUND_TABLE_H_

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "contract/contract.h"
#include "crud/method.h"
#include "db/rows.h"
#include "sql/statement.h"
#include "wire/request.h"
#include "wire/row.h"

namespace protogres::crud {

// The columns that a request asks for, and their encoder. Cheap to copy.
struct View {
  sql::Projection projection;
  std::shared_ptr<const wire::RowEncoder> encoder;
};

class BoundTable {
 public:
  // `contract` must outlive it.
  BoundTable(const contract::Contract& contract, const contract::Table& table, const Limits& limits);

  const contract::Contract& contract() const { return contract_; }
  const contract::Table& table() const { return table_; }
  const Limits& limits() const { return limits_; }

  // All fields, with the etag where the table has one: what single-row methods answer.
  const View& whole() const { return whole_; }
  // What a read_mask asks for; without one (or with no paths, or "*") all
  // fields, and the etag where `etag_by_default`. INVALID_ARGUMENT: an unknown path.
  absl::StatusOr<View> Masked(const std::optional<std::vector<std::string>>& read_mask, bool etag_by_default) const;

  absl::StatusOr<wire::Request> Decode(contract::MethodKind kind, std::string_view request) const;
  // The key of a Get, Delete or Undelete request. INVALID_ARGUMENT: a part is not set.
  absl::StatusOr<sql::Key> KeyOf(const wire::Request& request) const;
  // The key of a row in an Update request.
  absl::StatusOr<sql::Key> KeyOf(const wire::RowInput& row) const;
  // The row of a Create, Update or UpdateWhere request. INVALID_ARGUMENT: there is none.
  absl::StatusOr<wire::RowInput> RowOf(const wire::Request& request) const;

  // The fields that `create_mask` names, as indexes into Table::fields; of "*", those that can be NULL.
  // INVALID_ARGUMENT: an unknown path, or a column that a caller cannot insert.
  absl::StatusOr<std::vector<int>> CreateMasked(const std::optional<std::vector<std::string>>& create_mask) const;
  // What an INSERT of `row` assigns: what it sets, and NULL to those `masked` fields that it does not set (to an array:
  // an empty one). INVALID_ARGUMENT: a column that a caller cannot insert; `path` is the row's.
  absl::StatusOr<sql::Row> Inserted(wire::RowInput row, std::span<const int> masked, const std::string& path) const;
  // What an UPDATE by `row` and `update_mask` assigns (design, "Methods"); never
  // the key's columns unless `with_key`. INVALID_ARGUMENT: an unknown or
  // read-only path, or nothing to change.
  absl::StatusOr<sql::Row> Updated(const wire::RowInput& row,
                                   const std::optional<std::vector<std::string>>& update_mask, bool with_key) const;

  // What a single statement that answers a row it has written needs: where the row may be one that cannot be answered,
  // it must not be committed before it is encoded.
  bool EncodesBeforeCommit() const {
    return whole_.encoder->may_refuse() || limits().max_answer_bytes < std::numeric_limits<int>::max();
  }

  // The row that a statement has written, as it is to be answered: `rows` as they are, but of a partitioned table after
  // a savepoint read again by its key, since RETURNING does not know its etag there.
  absl::StatusOr<db::Rows> Stored(db::Session& session, db::Rows rows) const;

  // Appends row `index` of `rows` as a message. `skip` columns stand before the projection's.
  absl::Status Encode(const View& view, const db::Rows& rows, std::int64_t index, std::string* out, int skip = 0) const;
  // The same as an element of the `rows` field of a response.
  absl::Status EncodeElement(const View& view, const db::Rows& rows, std::int64_t index, std::string* out,
                             int skip = 0) const;

  absl::Status NotFound(const sql::Key& key) const;
  // Why an Update or a Delete met no row: NOT_FOUND, or ETAG_MISMATCH where it gave an etag.
  absl::Status Missed(db::Session& session, const sql::Key& key, const std::optional<std::string>& etag) const;
  // Why an Undelete met no row: NOT_FOUND, ETAG_MISMATCH, or ALREADY_EXISTS of a row that is not deleted (AIP-164).
  absl::Status MissedDeleted(db::Session& session, const sql::Key& key, const std::optional<std::string>& etag) const;
  // `error` of writing `row`, with the path of the field that it is about, where that can be told.
  absl::Status Locate(const absl::Status& error, const sql::Row& row) const;

 private:
  absl::Status EtagMismatch(const sql::Key& key) const;
  absl::StatusOr<int> FindMasked(const std::string& path, const std::string& mask) const;
  absl::Status ReadOnly(const contract::Field& field, bool inserting, const std::string& path) const;
  std::string PathOf(const contract::Field& field) const { return table_.row_field + "." + field.name; }

  const contract::Contract& contract_;
  const contract::Table& table_;
  const Limits& limits_;
  View whole_;
  View plain_;
};

// Checks what a Batch request and its parts must be. INVALID_ARGUMENT: none, too many, or a part that sets what only
// the batch as a whole can.
absl::Status CheckBatch(const wire::Request& batch, const Limits& limits);
absl::Status CheckPart(const wire::Request& part, std::size_t index);

// "requests[3]".
std::string PartPath(std::size_t index);

// An Operation of writing rows, from its parts: most writes need no more state than this.
class WriteOperation : public Operation {
 public:
  WriteOperation(const wire::Request& request, bool explicit_transaction)
      : validate_only_(request.validate_only), explicit_(explicit_transaction), request_id_(request.request_id) {}
  bool validate_only() const override { return validate_only_; }
  std::string_view request_id() const override { return request_id_; }
  db::SessionOptions session() const override {
    return {.transaction = explicit_ ? db::Transaction::kExplicit : db::Transaction::kImplicit};
  }

 private:
  const bool validate_only_;
  const bool explicit_;
  const std::string request_id_;
};

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_BOUND_TABLE_H_
