#include "crud/related_stream.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crud/operator_error.h"
#include "crud/related.h"
#include "fmt/format.h"
#include "status/macros.h"
#include "wire/writer.h"

namespace protogres::crud {
namespace {

// The rows of a FETCH: of the first one, whose rows may be large, and at the most. In between they double, so that
// there are few texts to be prepared.
constexpr std::int64_t kFirstRows = 16;
constexpr std::int64_t kMostRows = 1024;

class RelatedStream final : public ServerStream {
 public:
  RelatedStream(const BoundTable& bound, Listing listing, std::int64_t page_size, const db::Access& access)
      : bound_(bound),
        listing_(std::move(listing)),
        page_size_(page_size),
        access_(access),
        related_(bound, *listing_.view.related) {}

  absl::StatusOr<std::optional<std::string>> Next() override {
    if (over_) return std::nullopt;
    if (!session_) RETURN_IF_ERROR(Open());
    if (next_ == read_) RETURN_IF_ERROR(ReadMore());
    if (next_ == read_) {
      over_ = true;
      RETURN_IF_ERROR(session_->Commit());
      session_.reset();
      return std::nullopt;
    }
    return Chunk();
  }

 private:
  absl::Status Open() {
    ASSIGN_OR_RETURN(session_, access_.Open(OfOneSnapshot()));
    const sql::Statement select = listing_.Select(bound_.table(), std::nullopt);
    RETURN_IF_ERROR(bound_.CheckPlan(*session_, select));
    const std::string declare = "DECLARE protogres_rows NO SCROLL CURSOR FOR " + select.text;
    return OfOperator(session_->Read(declare, select.params).status(), declare, bound_.table());
  }

  // Reads what belongs to the next rows, as many as have not too much; first the rows, if there are no more.
  absl::Status ReadMore() {
    if (read_ == rows_.size()) {
      if (last_) return absl::OkStatus();
      const std::string fetch = fmt::format("FETCH FORWARD {} FROM protogres_rows", count_);
      auto rows = session_->Read(fetch, {});
      if (!rows.ok()) return OfOperator(rows.status(), fetch, bound_.table());
      rows_ = *std::move(rows);
      last_ = rows_.size() < count_;
      next_ = read_ = 0;
    }
    for (std::int64_t rows = rows_.size() - next_; rows > 0; rows /= 2) {
      ASSIGN_OR_RETURN(const bool whole,
                       related_.Read(*session_, rows_, next_, next_ + rows, /*skip=*/0, /*last=*/false));
      if (whole) {
        read_ = next_ + rows;
        return absl::OkStatus();
      }
      count_ = std::max<std::int64_t>(count_ / 2, 1);
    }
    return rows_.empty() ? absl::OkStatus() : TooMuchRelated(bound_);
  }

  absl::StatusOr<std::optional<std::string>> Chunk() {
    const std::int64_t most = bound_.limits().max_page_bytes;
    std::string chunk;
    std::int64_t rows = 0;
    while (next_ < read_ && rows < page_size_ &&
           static_cast<std::int64_t>(chunk.size()) < std::min(most, kChunkBytes)) {
      const std::size_t before = chunk.size();
      RETURN_IF_ERROR(AppendElement(bound_, listing_.view, rows_, next_, /*skip=*/0, &related_, &chunk));
      if (rows > 0 && static_cast<std::int64_t>(chunk.size()) > most) {
        chunk.resize(before);
        break;
      }
      ++rows;
      ++next_;
    }
    taken_ += rows;
    if (next_ == read_ && static_cast<std::int64_t>(chunk.size()) < kChunkBytes / 2) {
      count_ = std::min(2 * count_, kMostRows);
    }
    wire::AppendBytesField(contract::number::kNextPageToken,
                           listing_.TokenAfter(listing_.ValuesOf(rows_, next_ - 1), taken_), &chunk);
    return chunk;
  }

  const BoundTable& bound_;
  const Listing listing_;
  const std::int64_t page_size_;
  const db::Access& access_;
  std::unique_ptr<db::Session> session_;
  std::int64_t count_ = kFirstRows;  // of the next FETCH
  db::Rows rows_;                    // of the last one
  bool last_ = false;                // there are no more
  bool over_ = false;
  Related related_;
  std::int64_t read_ = 0;  // of how many of them `related_` has read what belongs to them
  std::int64_t next_ = 0;  // the first row that was not sent
  std::int64_t taken_ = 0;
};

}  // namespace

std::unique_ptr<ServerStream> MakeRelatedStream(const BoundTable& bound, Listing listing, std::int64_t page_size,
                                                const db::Access& access) {
  return std::make_unique<RelatedStream>(bound, std::move(listing), page_size, access);
}

}  // namespace protogres::crud
