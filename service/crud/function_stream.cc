// Functions that return a set: their rows in chunks, as many as the caller takes. The function itself may have computed
// all of them before the first comes, which is PostgreSQL's to hold.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "crud/function.h"
#include "crud/streaming.h"
#include "crud/write_operation.h"
#include "status/macros.h"
#include "wire/writer.h"

namespace protogres::crud {
namespace {

class FunctionStream final : public ServerStream {
 public:
  FunctionStream(const BoundFunction& bound, FunctionCall call, const db::Access& access)
      : bound_(bound), call_(std::move(call)), access_(access) {}

  absl::StatusOr<std::optional<std::string>> Next() override {
    if (over_ && ahead_.empty()) return std::nullopt;
    if (!session_ && !over_) RETURN_IF_ERROR(Open());
    chunk_ = std::exchange(ahead_, "");
    chunk_.reserve(kChunkBytes + kChunkBytes / 8);
    while (!over_) {
      const auto more = session_->FetchRows([this](const db::Cells& cells) { return Take(cells); });
      RETURN_IF_ERROR(failed_);
      if (!more.ok()) return bound_.Locate(call_, more.status());
      over_ = !*more;
      if (!chunk_.empty()) break;
    }
    if (over_ && session_) {
      RETURN_IF_ERROR(Finish(call_.options.validate_only, *session_));
      session_.reset();
    }
    if (chunk_.empty()) return std::nullopt;
    return std::move(chunk_);
  }

 private:
  absl::Status Open() {
    ASSIGN_OR_RETURN(session_, access_.Open(OwnTransaction(bound_.function())));
    const absl::Status opened =
        session_->OpenRows(call_.statement.text, call_.statement.params, bound_.function().writes);
    return opened.ok() ? opened : bound_.Locate(call_, opened);
  }

  // Adds a row to the chunk. False: the chunk is full, or `failed_` is an error.
  bool Take(const db::Cells& cells) {
    const std::size_t before = chunk_.size();
    const std::size_t begin = wire::BeginBytesField(contract::number::kRows, &chunk_);
    failed_ = call_.view.encoder->Encode(cells, &chunk_);
    if (!failed_.ok()) return false;
    wire::EndBytesField(begin, &chunk_);
    const auto size = static_cast<std::int64_t>(chunk_.size());
    const std::int64_t most = bound_.rows().limits().max_page_bytes;
    if (before > 0 && size > most) {
      ahead_ = chunk_.substr(before);
      chunk_.resize(before);
      return false;
    }
    return size < std::min(most, kChunkBytes);
  }

  const BoundFunction& bound_;
  const FunctionCall call_;
  const db::Access& access_;
  std::unique_ptr<db::Session> session_;
  bool over_ = false;
  std::string chunk_;
  std::string ahead_;  // a row that did not fit into the chunk before
  absl::Status failed_;
};

class FunctionStreamMethod final : public ServerStreamMethod {
 public:
  FunctionStreamMethod(const BoundFunction& bound, const Names& names) : ServerStreamMethod(names), bound_(bound) {}

  absl::StatusOr<std::unique_ptr<ServerStream>> Plan(std::string_view bytes, const db::Access& access) const override {
    ASSIGN_OR_RETURN(FunctionCall call, bound_.Plan(bytes));
    return std::make_unique<FunctionStream>(bound_, std::move(call), access);
  }

  const char* when_cut() const override {
    return writes() ? "whether what the function has written is committed is not known" : "a new call begins anew";
  }
  bool writes() const override { return bound_.function().writes; }

 private:
  const BoundFunction& bound_;
};

}  // namespace

std::unique_ptr<Method> MakeFunctionStream(const BoundFunction& bound, const Method::Names& names) {
  return std::make_unique<FunctionStreamMethod>(bound, names);
}

}  // namespace protogres::crud
