// Reads the Catalog from pg_catalog through a query function, so that it needs no PostgreSQL library. It knows nothing
// of the Contract.
#ifndef PROTOGRES_SERVICE_CATALOG_READER_H_
#define PROTOGRES_SERVICE_CATALOG_READER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "catalog/catalog.h"

namespace protogres::catalog {

// Cells in PostgreSQL's text form. No value: NULL. The texts belong to the TextRows.
using TextRow = std::vector<std::optional<std::string_view>>;

// What a query has returned. Its rows are read one by one, as those of ten thousand tables are too much to be copied.
class TextRows {
 public:
  // Sets `row` to one of the rows. It keeps what the rows belong to.
  using ReadRow = std::function<void(std::int64_t index, TextRow* row)>;

  class Iterator {
   public:
    Iterator(const ReadRow& read, std::int64_t index) : read_(read), index_(index) {}
    // The row lives until this is called again.
    const TextRow& operator*() {
      read_(index_, &row_);
      return row_;
    }
    void operator++() { ++index_; }
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    const ReadRow& read_;
    std::int64_t index_;
    TextRow row_;
  };

  TextRows(std::int64_t size, ReadRow read) : size_(size), read_(std::move(read)) {}

  std::int64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Iterator begin() const { return {read_, 0}; }
  Iterator end() const { return {read_, size_}; }

 private:
  std::int64_t size_;
  ReadRow read_;
};

// Whose privileges decide what is read: those of the role that connects, or those of any role that it can become.
enum class Roles { kConnecting, kAny };

using Query = std::function<absl::StatusOr<TextRows>(const std::string& sql)>;

// Reads all relations of `schemas` (empty: every schema except those of the system and `protogres`), and every type
// that their columns reach. `query` must run all statements in one repeatable-read transaction, so that what is read is
// of one moment. The number of queries does not depend on that of the relations. Blocks.
//
// Partitions are left out, as their rows are reached through the partitioned table. FAILED_PRECONDITION: a schema of
// `schemas` or `search_path` does not exist, or none of the roles may use it, or PostgreSQL is older than 13. Other
// errors are those of `query`.
absl::StatusOr<Catalog> Read(const Query& query, const std::vector<std::string>& schemas,
                             const std::vector<std::string>& search_path = {}, Roles roles = Roles::kConnecting);

}  // namespace protogres::catalog

#endif  // PROTOGRES_SERVICE_CATALOG_READER_H_
