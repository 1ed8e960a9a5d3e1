// Imports: any number of rows in one transaction.
#ifndef PROTOGRES_IMPORT_H_
#define PROTOGRES_IMPORT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/statusor.h"
#include "protogres/error.h"
#include "protogres/internal/held_call.h"
#include "protogres/internal/requests.h"
#include "protogres/internal/resumption.h"
#include "protogres/internal/status.h"
#include "protogres/stream.h"
#include "protogres/table.h"
#include "protogres/task.h"

namespace protogres {

struct ImportOptions {
  // The fields that are written as they are, unset ones as NULL, where else an unset one takes its column's default.
  std::vector<std::string> create_mask = {};
  // Called after each message with the number of rows that were sent so far; nothing is written before the end.
  std::function<void(int64_t)> progress = {};
  // A message has as many rows, or bytes, whichever it reaches first; at least one row.
  int rows_per_message = 500;
  size_t bytes_per_message = 256 << 10;
};

// Rows that can be gone through once, and are copied one by one.
template <class Range, class Row>
concept RowRange = std::ranges::input_range<Range> && std::convertible_to < std::ranges::range_reference_t<Range>,
const Row& > ;

namespace internal {

// Makes the messages of an Import from a range.
template <class Row, class Range>
class ImportMessages {
 public:
  using Request = RequestOf<typename Table<Row>::Import>;

  ImportMessages(Range& rows, const ImportOptions& options)
      : options_(options), at_(std::ranges::begin(rows)), end_(std::ranges::end(rows)) {}

  // False: there are no more.
  bool Next(Request* request) {
    request->Clear();
    for (const std::string& path : first_ ? options_.create_mask : std::vector<std::string>())
      request->mutable_create_mask()->add_paths(path);
    auto* rows = MutableRows<Row>(request);
    size_t bytes = 0;
    const auto room = [&] {
      return rows->empty() || (rows->size() < options_.rows_per_message && bytes < options_.bytes_per_message);
    };
    for (; at_ != end_ && room(); ++at_) {
      Row* row = rows->Add();
      *row = *at_;
      bytes += row->ByteSizeLong();
    }
    sent_ += rows->size();
    return std::exchange(first_, false) ? !rows->empty() || request->has_create_mask() : !rows->empty();
  }
  void Sent() const {
    if (options_.progress) options_.progress(sent_);
  }

 private:
  const ImportOptions& options_;
  std::ranges::iterator_t<Range> at_;
  std::ranges::sentinel_t<Range> end_;
  bool first_ = true;
  int64_t sent_ = 0;
};

// Of an Import that has ended: an error that nobody but the network tells after the last message leaves it in doubt.
inline absl::Status ImportStatus(const grpc::Status& status, bool ended) {
  const absl::Status error = ToStatus(status);
  return !error.ok() && ended && Error(error).reason().empty() ? InDoubt(error) : error;
}

template <class Row, class Range>
absl::StatusOr<int64_t> Import(const std::shared_ptr<Connection>& connection, const CallOptions& call, Range& rows,
                               const ImportOptions& options) {
  using Method = typename Table<Row>::Import;
  using Stub = typename Method::Service::Stub;
  grpc::ClientContext context;
  if (absl::Status status = connection->Prepare(call, LongDeadline(call), &context); !status.ok()) return status;
  const StopCall stop(call.stop, &context);
  Stub* stub = connection->template stub<typename Method::Service>();
  ResponseOf<Method> response;
  auto writer = (stub->*Method::template Pointer<Stub>())(&context, &response);
  RequestOf<Method> request;
  ImportMessages<Row, Range> messages(rows, options);
  bool open = true;
  while (open && messages.Next(&request)) {
    open = writer->Write(request);
    if (open) messages.Sent();
  }
  if (open) writer->WritesDone();
  if (absl::Status status = ImportStatus(writer->Finish(), open); !status.ok()) return status;
  return response.affected();
}

// `rows` is in the coroutine.
template <class Row, class Range>
Task<absl::StatusOr<int64_t>> ImportTask(std::shared_ptr<Connection> connection, CallOptions call, Executor executor,
                                         Range rows, ImportOptions options) {
  using Method = typename Table<Row>::Import;
  using Request = RequestOf<Method>;
  using Writing = WriteCall<Method, Request, ResponseOf<Method>>;
  const auto writing = std::make_shared<Writing>(connection);
  absl::Status prepared = connection->Prepare(call, LongDeadline(call), writing->context());
  if (!prepared.ok()) co_return prepared;
  Writing::Start(writing, *connection, call.stop);
  const auto close = [writing] { writing->Close(); };
  // Also where the range throws, or `progress`: a call that goes on would hold its transaction open.
  const absl::Cleanup closing = close;
  ImportMessages<Row, Range> messages(rows, options);
  Request request;
  bool open = true;
  while (open && messages.Next(&request)) {
    Callback<bool> written(
        executor, [&](std::function<void(bool)> done) { writing->Write(std::move(request), std::move(done)); }, close);
    open = co_await written;
    if (open) messages.Sent();
  }
  if (open) {
    Callback<bool> ended(
        executor, [&](std::function<void(bool)> done) { writing->End(std::move(done)); }, close);
    co_await ended;
  }
  absl::Status status = ImportStatus(writing->status(), open);
  if (!status.ok()) co_return status;
  co_return writing->response()->affected();
}

}  // namespace internal
}  // namespace protogres

#endif  // PROTOGRES_IMPORT_H_
