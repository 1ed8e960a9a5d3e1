// What a statement returned. Owns the result's memory; cells are views into it.
#ifndef PROTOGRES_SERVICE_DB_ROWS_H_
#define PROTOGRES_SERVICE_DB_ROWS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace protogres::db {

// Cheap to copy (the result is shared) and safe to read from several threads.
class Rows {
 public:
  // The source of the cells; a connection makes it.
  class Source {
   public:
    virtual ~Source() = default;
    virtual std::int64_t rows() const = 0;
    virtual int columns() const = 0;
    virtual std::int64_t affected() const = 0;
    virtual bool cut() const { return false; }
    // nullopt: NULL. The view lives as long as the Source.
    virtual std::optional<std::string_view> Cell(std::int64_t row, int column) const = 0;
  };

  Rows() = default;
  explicit Rows(std::shared_ptr<const Source> source) : source_(std::move(source)) {}

  std::int64_t size() const { return source_ ? source_->rows() : 0; }
  bool empty() const { return size() == 0; }
  int columns() const { return source_ ? source_->columns() : 0; }
  // There may be more, which were too much to be held (Connection::ExecuteSome).
  bool cut() const { return source_ && source_->cut(); }
  // Rows that an INSERT, UPDATE or DELETE touched.
  std::int64_t affected() const { return source_ ? source_->affected() : 0; }
  std::optional<std::string_view> Cell(std::int64_t row, int column) const { return source_->Cell(row, column); }
  // Fills `cells` with a whole row.
  void Read(std::int64_t row, std::vector<std::optional<std::string_view>>* cells) const;

 private:
  std::shared_ptr<const Source> source_;
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_ROWS_H_
