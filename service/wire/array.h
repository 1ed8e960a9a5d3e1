// Takes PostgreSQL's text forms of arrays and rows apart, one element at a time (manual, 8.15.6 and 8.16.6). Pure.
#ifndef PROTOGRES_SERVICE_WIRE_ARRAY_H_
#define PROTOGRES_SERVICE_WIRE_ARRAY_H_

#include <optional>
#include <string>
#include <string_view>

#include "contract/contract.h"

namespace protogres::wire {

// Walks the elements of an array of one dimension:
//   while (reader.Next()) { reader.element() ... }
//   if (reader.problem() != ArrayReader::Problem::kNone) -> it is not one
// Borrowed: `text` must outlive the reader.
class ArrayReader {
 public:
  enum class Problem { kNone, kMalformed, kDimensions, kBounds };

  ArrayReader(std::string_view text, char delimiter);

  bool Next();
  // nullopt: NULL. Valid until the next call of Next().
  std::optional<std::string_view> element() const { return element_; }
  Problem problem() const { return problem_; }

 private:
  bool Fail(Problem problem);
  bool ReadQuoted();
  bool ReadBare();

  std::string_view rest_;
  char delimiter_;
  bool first_ = true;
  bool done_ = false;
  Problem problem_ = Problem::kNone;
  std::optional<std::string_view> element_;
  std::string unescaped_;
};

// Walks the attributes of a row, "(1,,"a ""b""")", in the same way.
class RecordReader {
 public:
  explicit RecordReader(std::string_view text);

  bool Next();
  // nullopt: NULL. Valid until the next call of Next().
  std::optional<std::string_view> attribute() const { return attribute_; }
  bool failed() const { return failed_; }

 private:
  bool Fail();

  std::string_view rest_;
  bool done_ = false;
  bool failed_ = false;
  std::optional<std::string_view> attribute_;
  std::string unescaped_;
};

}  // namespace protogres::wire

#endif  // PROTOGRES_SERVICE_WIRE_ARRAY_H_
