#include "crud/stream.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "crud/operator_error.h"
#include "wire/writer.h"

namespace protogres::crud {
namespace {

// Large enough that a message's own cost does not show, small enough to stay in a core's cache between the two who
// make it and send it.
constexpr std::int64_t kChunkBytes = 128 * 1024;

}  // namespace

absl::Status RowStream::Plan(std::string_view bytes) {
  const auto request = bound_.Decode(contract::MethodKind::kStream, bytes);
  if (!request.ok()) return request.status();
  auto listing = PlanListing(bound_, *request);
  if (!listing.ok()) return listing.status();
  listing_ = *std::move(listing);
  const auto page_size = PageSize(bound_, *request, std::numeric_limits<std::int64_t>::max());
  if (!page_size.ok()) return page_size.status();
  page_size_ = *page_size;
  last_.resize(listing_.token_columns.size());
  return absl::OkStatus();
}

absl::Status RowStream::Open() {
  auto session = db::Session::Open(pool_, cancellation_);
  if (!session.ok()) return session.status();
  session_ = *std::move(session);
  statement_ = listing_.Select(bound_.table(), std::nullopt);
  return session_->OpenRows(statement_.text, statement_.params);
}

absl::StatusOr<std::optional<std::string>> RowStream::Next() {
  if (over_ && ahead_.empty()) return std::nullopt;
  if (!session_ && !over_) {
    if (auto opened = Open(); !opened.ok()) return opened;
  }
  chunk_ = std::exchange(ahead_, "");
  chunk_.reserve(kChunkBytes + kChunkBytes / 8);
  rows_ = chunk_.empty() ? 0 : 1;
  token_.clear();
  while (!over_) {
    const auto more = session_->FetchRows([this](const db::Cells& cells) { return Take(cells); });
    if (!failed_.ok()) return failed_;
    if (!more.ok()) return OfOperator(more.status(), statement_.text, bound_.table());
    over_ = !*more;
    if (rows_ > 0) break;
  }
  if (over_) session_.reset();
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
  if (auto status = listing_.view.encoder->Encode(cells, &chunk_); !status.ok()) return status;
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

}  // namespace protogres::crud
