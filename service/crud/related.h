// The related rows of an answer: read for all of its rows at once, by one statement a relation, and written below them.
#ifndef PROTOGRES_SERVICE_CRUD_RELATED_H_
#define PROTOGRES_SERVICE_CRUD_RELATED_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crud/bound_table.h"
#include "crud/related_plan.h"
#include "db/rows.h"
#include "db/session.h"

namespace protogres::crud {

// The transaction of a call that reads related rows: all of its statements see the same.
db::SessionOptions OfOneSnapshot();

// Borrows the BoundTable and the plan. For one thread.
class Related {
 public:
  Related(const BoundTable& bound, const RelatedPlan& plan) : bound_(bound), plan_(plan) {}

  // Reads what belongs to the rows from `begin` to `end`, of which the first `skip` columns are passed over. The
  // statements of relations that are equally deep go together. The session must be in a transaction. `last`: nothing
  // follows in it, so that it may be committed by the way (db::Session::ReadAll). False: that is more than fits an
  // answer, and nothing was read; fewer rows may have less. FAILED_PRECONDITION, reason
  // TOO_MANY_RELATED_ROWS: more rows than --max_page_size belong to one row. Blocks.
  absl::StatusOr<bool> Read(db::Session& session, const db::Rows& rows, std::int64_t begin, std::int64_t end, int skip,
                            bool last);

  // Appends the fields of what belongs to a row that Read was called for. FAILED_PRECONDITION, reason
  // TOO_MANY_RELATED_ROWS: they are larger than --max_page_bytes. Else the errors of wire::RowEncoder.
  absl::Status Append(std::int64_t row, std::string* out) const;

 private:
  // The rows of one node.
  struct Level {
    const RelatedNode* node = nullptr;
    std::vector<sql::Key> keys;
    std::vector<int> key_of;  // by the row above: index into `keys`; -1: it has none
    struct Span {
      std::int64_t begin = 0;
      std::int64_t size = 0;
    };
    std::vector<Span> found;  // by key
    db::Rows rows;
    std::vector<Level> below;
  };
  // Rows, and the levels that are below them.
  struct Parents {
    db::Rows rows;
    std::int64_t begin = 0;
    std::int64_t end = 0;
    int skip = 0;
    std::vector<Level>* levels = nullptr;
  };

  static void TakeKeys(const Parents& parents, Level* level);
  absl::StatusOr<bool> ReadLevels(db::Session& session, const std::vector<Level*>& levels, bool last) const;
  absl::Status Sort(Level* level) const;
  absl::Status AppendLevels(const std::vector<Level>& levels, std::int64_t row, std::size_t most,
                            std::string* out) const;

  const BoundTable& bound_;
  const RelatedPlan& plan_;
  std::int64_t begin_ = 0;
  std::vector<Level> levels_;
};

// BoundTable::Encode of a row, and what belongs to it. `related` is null where nothing was asked for.
absl::Status AppendRow(const BoundTable& bound, const View& view, const db::Rows& rows, std::int64_t row, int skip,
                       const Related* related, std::string* out);
// The same as an element of the `rows` field of a response.
absl::Status AppendElement(const BoundTable& bound, const View& view, const db::Rows& rows, std::int64_t row, int skip,
                           const Related* related, std::string* out);

// The error of a call whose one row has more related rows than Read takes.
absl::Status TooMuchRelated(const BoundTable& bound);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_RELATED_H_
