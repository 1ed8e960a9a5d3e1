// What a request of a table's method says, once it is decoded. A plain value.
#ifndef PROTOGRES_SERVICE_CONTRACT_REQUEST_H_
#define PROTOGRES_SERVICE_CONTRACT_REQUEST_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace protogres::contract {

// What a request says of the rows of one relation: the message Expand of its package.
struct Expand {
  std::string path;
  std::string filter;
  std::string order_by;
  std::int32_t page_size = 0;  // 0: all rows
};

// The most relations that a request may name: each is a statement.
inline constexpr int kMostRelations = 100;

// kRequestFields (own_fields.cc) says which members the request of a method can set. The views borrow from the bytes
// that were decoded, and from `joined`.
struct Request {
  std::vector<std::optional<std::string>> key;   // Get, Delete, Undelete: by Table::key, PostgreSQL's text form
  std::optional<std::string_view> row;           // Create, Update, UpdateWhere: the row message's bytes
  std::vector<std::string_view> requests;        // Batch: each one request of the single method; Import: each a row
  std::vector<Expand> expand;                    // reads of a table that has relations
  std::optional<std::vector<std::string>> mask;  // read_mask, update_mask or create_mask; set but empty: no paths
  std::vector<std::string> group_by;             // Aggregate
  std::vector<std::string> aggregates;           // Aggregate
  std::string etag;
  std::string filter;
  std::string order_by;
  std::string page_token;
  std::string request_id;
  std::string lock;
  std::int32_t page_size = 0;
  std::int64_t max_affected = 0;  // 0: not given
  bool show_deleted = false;
  bool allow_missing = false;
  bool validate_only = false;
  bool count_total = false;
  // The bytes of a row that stood in the request twice and was merged. They are shared, so that `row` outlives moves
  // and copies.
  std::shared_ptr<const std::string> joined;
};

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_REQUEST_H_
