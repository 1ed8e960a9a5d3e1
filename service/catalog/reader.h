// Reads the Catalog from pg_catalog through a query function, so that it needs
// no PostgreSQL library. It knows nothing of the Contract.
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

// Cells in PostgreSQL's text form; no value is NULL. The texts are of the TextRows.
using TextRow = std::vector<std::optional<std::string_view>>;

// What a query returned, to be gone through row by row: of ten thousand tables it is too much to be copied.
class TextRows {
 public:
  // Fills `row` with one of the rows. It keeps what they are of.
  using ReadRow = std::function<void(std::int64_t index, TextRow* row)>;

  class Iterator {
   public:
    Iterator(const ReadRow& read, std::int64_t index) : read_(read), index_(index) {}
    // Until it is called again.
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

using Query = std::function<absl::StatusOr<TextRows>(const std::string& sql)>;

// Reads all relations of `schemas` (empty: every schema but the system's own
// and `protogres`), and every type that their columns reach. `query` must run
// each statement in one repeatable-read transaction, so that what is read is of
// one moment. A constant number of queries, whatever the number of relations.
// Blocks.
//
// Partitions are left out: their rows are reached through the partitioned table.
// FAILED_PRECONDITION: a schema of `schemas` or `search_path` does not exist, or
// the role may not use it; or PostgreSQL is older than 13. Errors of `query` are
// passed on.
absl::StatusOr<Catalog> Read(const Query& query, const std::vector<std::string>& schemas,
                             const std::vector<std::string>& search_path = {});

}  // namespace protogres::catalog

#endif  // PROTOGRES_SERVICE_CATALOG_READER_H_
