// Import: COPY behind a stream of messages, in one transaction. In constant memory. Knows no gRPC: whoever carries the
// call gives it the messages.
#ifndef PROTOGRES_SERVICE_CRUD_IMPORT_H_
#define PROTOGRES_SERVICE_CRUD_IMPORT_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "crud/bound_table.h"
#include "db/pool.h"
#include "db/session.h"

namespace protogres::crud {

// One call. For one thread at a time. Nothing is written unless Finish has said so. After an error it is over.
class RowImport {
 public:
  // They must all outlive it.
  RowImport(const BoundTable& bound, db::Pool& pool, const db::Cancellation& cancellation)
      : bound_(bound), pool_(pool), cancellation_(cancellation), values_(bound.table().fields.size()) {}

  // Takes one ImportXsRequest. INVALID_ARGUMENT with the row's path: "messages[6].customers[3].email" is of the fourth
  // row of the seventh message. What PostgreSQL says of a row may be told by a later call, by the same path. Blocks.
  absl::Status Add(std::string_view message);

  // There are no more: commits, and gives the ImportXsResponse. Blocks.
  absl::StatusOr<std::string> Finish();

 private:
  struct Message {
    std::int64_t index;
    std::int64_t first_row;  // in the import
  };

  absl::Status AddMessage(std::string_view message);
  absl::Status TakeMask(const wire::Request& request);
  absl::Status AddRow(const sql::Row& row);
  absl::StatusOr<std::string> Commit();
  absl::Status Open();
  // The COPY from here on is one of `columns`.
  absl::Status Switch();
  absl::Status InsertDefaults();
  absl::Status Send();
  absl::Status Close();
  // An error of a row with its path, and what came of the import.
  absl::Status Failed(const absl::Status& error) const;
  absl::Status Locate(const absl::Status& error) const;

  const BoundTable& bound_;
  db::Pool& pool_;
  const db::Cancellation& cancellation_;
  std::unique_ptr<db::Session> session_;

  std::vector<int> masked_;  // by the create_mask
  std::int64_t messages_ = 0;
  std::int64_t rows_ = 0;        // taken so far
  std::deque<Message> recent_;   // those whose rows PostgreSQL may not have looked at yet
  std::int64_t copy_begin_ = 0;  // the row that the COPY began with
  bool copying_ = false;
  std::vector<int> columns_;               // of the COPY
  std::vector<int> wanted_;                // of the row at hand
  std::vector<const sql::Param*> values_;  // of the row at hand, by field; null: it gives none
  std::string lines_;
  std::int64_t affected_ = 0;
};

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_IMPORT_H_
