// Stream: all rows of a listing in chunks, each with a token to resume after it. In constant memory, and only as far
// as the caller asks. Knows no gRPC: whoever carries the call asks for a chunk when it has a use for one.
#ifndef PROTOGRES_SERVICE_CRUD_STREAM_H_
#define PROTOGRES_SERVICE_CRUD_STREAM_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "crud/bound_table.h"
#include "crud/listing.h"
#include "db/pool.h"
#include "db/session.h"

namespace protogres::crud {

// One call. For one thread at a time. Gives its connection back when the last row has come, or with itself.
class RowStream {
 public:
  // They must all outlive it.
  RowStream(const BoundTable& bound, db::Pool& pool, const db::Cancellation& cancellation)
      : bound_(bound), pool_(pool), cancellation_(cancellation) {}

  // Decodes and plans; once, before the first Next. INVALID_ARGUMENT with the field's path. Does not block.
  absl::Status Plan(std::string_view request);

  // The next StreamXsResponse; nothing: there are no more rows. After an error it is over. Blocks.
  absl::StatusOr<std::optional<std::string>> Next();

 private:
  absl::Status Open();
  // Adds a row to the chunk. False: the chunk is full, or `failed_`.
  bool Take(const db::Cells& cells);
  absl::Status Encode(const db::Cells& cells);
  // The row is the last one so far.
  void Advance(const db::Cells& cells);

  const BoundTable& bound_;
  db::Pool& pool_;
  const db::Cancellation& cancellation_;
  Listing listing_;
  std::int64_t page_size_ = 0;
  sql::Statement statement_;
  std::unique_ptr<db::Session> session_;
  bool over_ = false;

  std::vector<sql::Param> last_;  // by the listing's token_columns: of the row that came last
  std::int64_t taken_ = 0;        // rows so far
  std::string chunk_;
  std::int64_t rows_ = 0;  // in it
  std::string token_;      // of it, once it is full
  std::string ahead_;      // a row that did not fit into the chunk before
  absl::Status failed_;
};

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_STREAM_H_
