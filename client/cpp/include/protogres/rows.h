// All rows of a List or Stream as a range, and as pages to await.
#ifndef PROTOGRES_ROWS_H_
#define PROTOGRES_ROWS_H_

#include <cstdio>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_field.h"
#include "protogres/internal/requests.h"
#include "protogres/table.h"

namespace protogres {
namespace internal {

// Where a range has its rows from.
template <class Row>
class Source {
 public:
  virtual ~Source() = default;
  // Replaces `rows` by the next ones. Blocks. False: there are no more.
  virtual absl::StatusOr<bool> Next(google::protobuf::RepeatedPtrField<Row>* rows) = 0;
};

// The pages of a List.
template <class Row>
class Pages : public Source<Row> {
 public:
  using Method = typename Table<Row>::List;
  using Fetch = std::function<absl::StatusOr<ResponseOf<Method>>(const RequestOf<Method>&)>;

  Pages(RequestOf<Method> request, Fetch fetch) : request_(std::move(request)), fetch_(std::move(fetch)) {}

  absl::StatusOr<bool> Next(google::protobuf::RepeatedPtrField<Row>* rows) override {
    if (last_) return false;
    absl::StatusOr<ResponseOf<Method>> page = fetch_(request_);
    if (!page.ok()) return page.status();
    rows->Swap(MutableRows<Row>(&*page));
    request_.set_page_token(page->next_page_token());
    last_ = page->next_page_token().empty();
    return true;
  }

 private:
  RequestOf<Method> request_;
  const Fetch fetch_;
  bool last_ = false;
};

}  // namespace internal

// A range of rows that can be gone through once, in a range-based for:
//
//   auto customers = db.List<Customer>(filter);
//   for (const Customer& customer : customers) ...
//   if (!customers.status().ok()) ...
//
// Nothing is asked for before begin(), which blocks for the first rows; an increment blocks where it needs more. A row
// is valid until the increment. The loop ends at the last row, or at an error, which status() then has: an error that
// nobody has looked at when the range is destroyed is written to stderr. Leaving the loop early ends the call. One
// thread at a time; must not be moved after begin().
template <class Row>
class [[nodiscard]] Rows {
 public:
  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = Row;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    const Row& operator*() const { return rows_->chunk_.Get(rows_->at_); }
    const Row* operator->() const { return &**this; }
    Iterator& operator++() {
      rows_->Advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& iterator, std::default_sentinel_t) { return iterator.AtEnd(); }

   private:
    friend class Rows;
    explicit Iterator(Rows* rows) : rows_(rows) {}
    bool AtEnd() const { return rows_->done_; }
    Rows* rows_ = nullptr;
  };

  explicit Rows(std::unique_ptr<internal::Source<Row>> source) : source_(std::move(source)) {}
  Rows(Rows&& other) noexcept = default;
  ~Rows() {
    // Where the range was moved from, there is no source.
    if (source_ == nullptr || seen_ || status_.ok()) return;
    std::fprintf(stderr, "protogres: a range of rows ended early, and nobody looked at its status: %s\n",
                 status_.ToString().c_str());
  }

  Iterator begin() {
    if (!begun_) {
      begun_ = true;
      at_ = -1;
      Advance();
    }
    return Iterator(this);
  }
  std::default_sentinel_t end() const { return {}; }

  // OK: there was no error so far.
  const absl::Status& status() const {
    seen_ = true;
    return status_;
  }

 private:
  void Advance() {
    ++at_;
    while (!done_ && at_ >= chunk_.size()) {
      chunk_.Clear();
      at_ = 0;
      absl::StatusOr<bool> more = source_->Next(&chunk_);
      if (!more.ok()) status_ = more.status();
      if (!more.ok()) seen_ = false;
      done_ = !more.ok() || !*more;
    }
  }

  std::unique_ptr<internal::Source<Row>> source_;
  google::protobuf::RepeatedPtrField<Row> chunk_;
  int at_ = 0;
  bool begun_ = false;
  bool done_ = false;
  absl::Status status_;
  mutable bool seen_ = false;
};

}  // namespace protogres

#endif  // PROTOGRES_ROWS_H_
