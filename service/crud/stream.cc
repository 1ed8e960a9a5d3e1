// Stream: all rows of a listing in chunks, each with a token from which another call can go on. Takes constant memory,
// and reads only as far as the caller asks.
#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "crud/listing.h"
#include "crud/methods.h"
#include "crud/operator_error.h"
#include "crud/related_stream.h"
#include "crud/streaming.h"
#include "status/macros.h"
#include "wire/writer.h"

namespace protogres::crud {
namespace {

class RowStream final : public ServerStream {
 public:
  RowStream(const BoundTable& bound, Listing listing, std::int64_t page_size, const db::Access& access)
      : bound_(bound),
        listing_(std::move(listing)),
        page_size_(page_size),
        access_(access),
        last_(listing_.token_columns.size()) {}

  absl::StatusOr<std::optional<std::string>> Next() override;

 private:
  absl::Status Open();
  // Adds a row to the chunk. False: the chunk is full, or `failed_` is an error.
  bool Take(const db::Cells& cells);
  absl::Status Encode(const db::Cells& cells);
  // Notes that this row is the last one so far.
  void Advance(const db::Cells& cells);

  const BoundTable& bound_;
  const Listing listing_;
  const std::int64_t page_size_;
  const db::Access& access_;
  sql::Statement statement_;
  std::unique_ptr<db::Session> session_;
  bool over_ = false;

  std::vector<sql::Param> last_;  // the values of the last row at the listing's token_columns
  std::int64_t taken_ = 0;        // the number of rows so far
  std::string chunk_;
  std::int64_t rows_ = 0;  // the number of rows in the chunk
  std::string token_;      // the token of the chunk, once the chunk is full
  std::string ahead_;      // a row that did not fit into the chunk before
  absl::Status failed_;
};

absl::Status RowStream::Open() {
  ASSIGN_OR_RETURN(session_, access_.Open());
  statement_ = listing_.Select(bound_.table(), std::nullopt);
  RETURN_IF_ERROR(bound_.CheckPlan(*session_, statement_));
  return session_->OpenRows(statement_.text, statement_.params);
}

absl::StatusOr<std::optional<std::string>> RowStream::Next() {
  if (over_ && ahead_.empty()) return std::nullopt;
  if (!session_ && !over_) RETURN_IF_ERROR(Open());
  chunk_ = std::exchange(ahead_, "");
  chunk_.reserve(kChunkBytes + kChunkBytes / 8);
  rows_ = chunk_.empty() ? 0 : 1;
  token_.clear();
  while (!over_) {
    const auto more = session_->FetchRows([this](const db::Cells& cells) { return Take(cells); });
    RETURN_IF_ERROR(failed_);
    if (!more.ok()) return OfOperator(more.status(), statement_.text, bound_.table());
    over_ = !*more;
    if (rows_ > 0) break;
  }
  if (over_ && session_) {
    RETURN_IF_ERROR(session_->Commit());
    session_.reset();
  }
  if (rows_ == 0) return std::nullopt;
  if (token_.empty()) token_ = listing_.TokenAfter(last_, taken_);
  wire::AppendBytesField(contract::number::kNextPageToken, token_, &chunk_);
  return std::move(chunk_);
}

bool RowStream::Take(const db::Cells& cells) {
  const std::size_t before = chunk_.size();
  failed_ = Encode(cells);
  if (!failed_.ok()) return false;
  const auto size = static_cast<std::int64_t>(chunk_.size());
  const std::int64_t most = bound_.limits().max_page_bytes;
  const bool fits = rows_ == 0 || size <= most;
  if (!fits) {
    ahead_ = chunk_.substr(before);
    chunk_.resize(before);
    token_ = listing_.TokenAfter(last_, taken_);
  }
  Advance(cells);
  if (!fits) return false;
  ++rows_;
  return rows_ < page_size_ && size < std::min(most, kChunkBytes);
}

absl::Status RowStream::Encode(const db::Cells& cells) {
  const std::size_t begin = wire::BeginBytesField(contract::number::kRows, &chunk_);
  RETURN_IF_ERROR(listing_.view.encoder->Encode(cells, &chunk_));
  wire::EndBytesField(begin, &chunk_);
  return absl::OkStatus();
}

void RowStream::Advance(const db::Cells& cells) {
  ++taken_;
  for (std::size_t i = 0; i < last_.size(); ++i) {
    const auto& cell = cells[listing_.token_columns[i]];
    sql::Param& value = last_[i];
    if (!cell.has_value()) {
      value.reset();
    } else if (value.has_value()) {
      value->assign(*cell);
    } else {
      value.emplace(*cell);
    }
  }
}

class StreamMethod final : public ServerStreamMethod {
 public:
  StreamMethod(const BoundTable& bound, const Names& names) : ServerStreamMethod(names), bound_(bound) {}

  absl::StatusOr<std::unique_ptr<ServerStream>> Plan(std::string_view bytes, const db::Access& access) const override {
    ASSIGN_OR_RETURN(const auto request, bound_.Decode(contract::MethodKind::kStream, bytes));
    ASSIGN_OR_RETURN(auto listing, PlanListing(bound_, request));
    ASSIGN_OR_RETURN(const auto page_size, PageSize(bound_, request, std::numeric_limits<std::int64_t>::max()));
    if (listing.view.related) return MakeRelatedStream(bound_, std::move(listing), page_size, access);
    return std::make_unique<RowStream>(bound_, std::move(listing), page_size, access);
  }

 private:
  const BoundTable& bound_;
};

}  // namespace

std::unique_ptr<Method> MakeStream(const BoundTable& bound, const Method::Names& names) {
  return std::make_unique<StreamMethod>(bound, names);
}

}  // namespace protogres::crud
