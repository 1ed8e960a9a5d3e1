// Turns rows from PostgreSQL's text form into the wire format of the row message, and back. How each column is written
// is chosen once, when the Api is built. Pure. It never changes a value in silence.
#ifndef PROTOGRES_SERVICE_WIRE_ROW_H_
#define PROTOGRES_SERVICE_WIRE_ROW_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "contract/contract.h"
#include "wire/merged.h"

namespace protogres::wire {

// A column of a result in PostgreSQL's text form; no value is NULL. Borrowed from the result.
using Cell = std::optional<std::string_view>;

// Writes rows of one table whose result columns are `fields` (indexes into
// Table::fields), then the etag where `etag`. Immutable, so threads share it.
// The Contract must outlive it.
class RowEncoder {
 public:
  RowEncoder(const contract::Contract& contract, const contract::Table& table, const std::vector<int>& fields,
             bool etag);

  // Appends the bytes of the row message, without tag and length. `cells` begins with the columns of the projection;
  // more are ignored. FAILED_PRECONDITION, reason VALUE_NOT_REPRESENTABLE, metadata column and table: a field cannot
  // hold its value exactly; the message names the column and the way out (`@protogres type=string`). Reason
  // CATALOG_MOVED: the type of a column had no such value when the catalog was read, for example a new label of an
  // enum. After an error what was appended is undefined.
  absl::Status Encode(std::span<const Cell> cells, std::string* out) const;

  // True: there may be rows that Encode refuses.
  bool may_refuse() const { return may_refuse_; }

 private:
  const contract::Contract* contract_;
  const contract::Table* table_;
  bool etag_;
  bool may_refuse_ = false;
  struct Column;  // a field and its tag, ready to be written
  std::shared_ptr<const std::vector<Column>> columns_;
};

// A row as a caller sent it.
struct RowInput {
  // The index into Table::fields, and the value in PostgreSQL's text form. A repeated field that is set gives one
  // value, an array. If a field stands twice, the last value wins, as protobuf has it.
  std::vector<std::pair<int, std::string>> values;
  std::string etag;

  const std::string* Find(int field) const;  // null: not set
};

// The related rows that a row message holds, each as the bytes of its own message, which are those of the row message
// unless they had to be merged.
struct RelatedInput {
  // The most of them, and how many were read: of all messages that share it, one below the other.
  struct Count {
    std::size_t most = 0;
    std::size_t read = 0;
  };
  explicit RelatedInput(Count* counted) : count(counted) {}

  bool empty() const { return one.empty() && many.empty(); }

  // The index into Table::relations, and the row: of relations that are not repeated, and of the others, in their
  // order.
  std::vector<std::pair<int, Merged>> one;
  std::vector<std::pair<int, std::string_view>> many;
  Count* count;
};

// Reads a row message. Related rows go to `related`, unread; null: they are refused. INVALID_ARGUMENT with the field's
// path below `path` (e.g. "customer"): malformed bytes, an unknown field number (a dropped or reserved one named as
// such), a wire type that does not fit, invalid UTF-8 or NUL in text, a number
// out of the column's range, an unknown enum number or 0 (UNSPECIFIED), an invalid uuid or numeric, a
// Timestamp out of range or finer than a microsecond, NaN or infinity in a JSON
// value, a Value with no kind, more related rows than their count may have.
absl::StatusOr<RowInput> DecodeRow(const contract::Contract& contract, const contract::Table& table,
                                   std::string_view bytes, const std::string& path, RelatedInput* related = nullptr);

}  // namespace protogres::wire

#endif  // PROTOGRES_SERVICE_WIRE_ROW_H_
