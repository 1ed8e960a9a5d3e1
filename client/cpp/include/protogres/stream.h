// The rows of Streams and Lists: where ranges have them from, and as chunks to await.
#ifndef PROTOGRES_STREAM_H_
#define PROTOGRES_STREAM_H_

#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_field.h"
#include "protogres/error.h"
#include "protogres/internal/attempts.h"
#include "protogres/internal/held_call.h"
#include "protogres/internal/unary.h"
#include "protogres/rows.h"
#include "protogres/table.h"
#include "protogres/task.h"

namespace protogres {
namespace internal {

// Whether a Stream goes on where it was after this error.
bool Resumable(const absl::Status& status, std::optional<absl::Duration> pushback);

// When a Stream or Import ends: only where the caller says so.
inline absl::Time LongDeadline(const CallOptions& call) {
  return call.timeout.has_value() ? absl::Now() + *call.timeout : absl::InfiniteFuture();
}

// The chunks of a Stream, which is begun again after the last chunk where it breaks.
template <class Row>
class Chunks : public Source<Row> {
 public:
  using Method = typename Table<Row>::Stream;
  using Stub = typename Method::Service::Stub;

  Chunks(std::shared_ptr<Connection> connection, CallOptions call, RequestOf<Method> request)
      : connection_(std::move(connection)),
        call_(std::move(call)),
        request_(std::move(request)),
        deadline_(LongDeadline(call_)),
        attempts_(connection_->options().retry, deadline_) {}
  ~Chunks() override {
    if (reader_ == nullptr) return;
    context_->TryCancel();
    (void)reader_->Finish();
  }

  absl::StatusOr<bool> Next(google::protobuf::RepeatedPtrField<Row>* rows) override {
    while (true) {
      if (reader_ == nullptr) {
        if (absl::Status status = Open(); !status.ok()) return status;
      }
      ResponseOf<Method> chunk;
      if (reader_->Read(&chunk)) {
        rows->Swap(MutableRows<Row>(&chunk));
        request_.set_page_token(chunk.next_page_token());
        attempts_.Progress();
        return true;
      }
      const grpc::Status status = reader_->Finish();
      reader_ = nullptr;
      if (status.ok()) return false;
      const absl::Status error = ToStatus(status);
      const auto pushback = Pushback(*context_);
      if (!Resumable(error, pushback)) return error;
      const auto wait = attempts_.Next(error, pushback);
      if (!wait.has_value() || !Sleep(*wait, call_.stop)) return error;
    }
  }

 private:
  absl::Status Open() {
    stop_.reset();
    context_.emplace();
    if (absl::Status status = connection_->Prepare(call_, deadline_, &*context_); !status.ok()) return status;
    stop_.emplace(call_.stop, &*context_);
    Stub* stub = connection_->template stub<typename Method::Service>();
    reader_ = (stub->*Method::template Pointer<Stub>())(&*context_, request_);
    return absl::OkStatus();
  }

  const std::shared_ptr<Connection> connection_;
  const CallOptions call_;
  RequestOf<Method> request_;
  const absl::Time deadline_;
  Attempts attempts_;
  std::optional<grpc::ClientContext> context_;
  std::optional<StopCall> stop_;
  std::unique_ptr<grpc::ClientReader<ResponseOf<Method>>> reader_;
};

}  // namespace internal

// The pages of a List, to await: `co_await pages.Next()` until it is empty. It must outlive what Next returns.
template <class Row>
class AsyncPages {
 public:
  using Method = typename Table<Row>::List;
  using Page = google::protobuf::RepeatedPtrField<Row>;

  AsyncPages(std::shared_ptr<internal::Connection> connection, CallOptions call, Executor executor,
             RequestOf<Method> request)
      : connection_(std::move(connection)),
        call_(std::move(call)),
        executor_(std::move(executor)),
        request_(std::move(request)) {}

  // The next rows. Empty: there are no more. A page that fails is asked for again, as any read.
  Task<absl::StatusOr<Page>> Next() {
    Page rows;
    while (!last_ && rows.empty()) {
      auto asked = internal::UnaryTask<Method>(connection_, call_, executor_, request_);
      absl::StatusOr<ResponseOf<Method>> page = co_await asked;
      if (!page.ok()) co_return page.status();
      rows.Swap(internal::MutableRows<Row>(&*page));
      request_.set_page_token(page->next_page_token());
      last_ = page->next_page_token().empty();
    }
    co_return std::move(rows);
  }

 private:
  const std::shared_ptr<internal::Connection> connection_;
  const CallOptions call_;
  const Executor executor_;
  RequestOf<Method> request_;
  bool last_ = false;
};

// The chunks of a Stream, to await. As AsyncPages; destroying it ends the call. Movable while no Next runs.
template <class Row>
class AsyncChunks {
 public:
  using Method = typename Table<Row>::Stream;
  using Chunk = google::protobuf::RepeatedPtrField<Row>;

  AsyncChunks(std::shared_ptr<internal::Connection> connection, CallOptions call, Executor executor,
              RequestOf<Method> request)
      : connection_(std::move(connection)),
        call_(std::move(call)),
        executor_(std::move(executor)),
        request_(std::move(request)),
        deadline_(internal::LongDeadline(call_)),
        attempts_(connection_->options().retry, deadline_) {}
  AsyncChunks(AsyncChunks&&) = default;
  ~AsyncChunks() {
    if (reading_ != nullptr) reading_->Close();
  }

  // The next rows. Empty: there are no more. A Stream that breaks is begun again after the last chunk.
  Task<absl::StatusOr<Chunk>> Next() {
    while (!last_) {
      if (reading_ == nullptr) {
        if (absl::Status status = Open(); !status.ok()) co_return status;
      }
      const std::shared_ptr<Reading> reading = reading_;
      internal::Callback<bool> read(
          executor_, [reading](std::function<void(bool)> done) { reading->Read(std::move(done)); },
          [reading] { reading->Close(); });
      const bool more = co_await read;
      Chunk rows;
      if (more) {
        rows.Swap(internal::MutableRows<Row>(reading->response()));
        request_.set_page_token(reading->response()->next_page_token());
        attempts_.Progress();
        if (rows.empty()) continue;
        co_return std::move(rows);
      }
      reading_ = nullptr;
      last_ = reading->status().ok();
      if (last_) break;
      absl::Status error = ToStatus(reading->status());
      const auto pushback = internal::Pushback(*reading->context());
      if (!internal::Resumable(error, pushback)) co_return error;
      const auto wait = attempts_.Next(error, pushback);
      if (!wait.has_value()) co_return error;
      Task<bool> sleep = internal::SleepTask(executor_, *wait, call_.stop);
      const bool slept = co_await sleep;
      if (!slept) co_return error;
    }
    co_return Chunk();
  }

 private:
  using Reading = internal::ReadCall<Method, RequestOf<Method>, ResponseOf<Method>>;

  absl::Status Open() {
    auto reading = std::make_shared<Reading>(connection_, request_);
    if (absl::Status status = connection_->Prepare(call_, deadline_, reading->context()); !status.ok()) return status;
    Reading::Start(reading, *connection_, call_.stop);
    reading_ = std::move(reading);
    return absl::OkStatus();
  }

  std::shared_ptr<internal::Connection> connection_;
  CallOptions call_;
  Executor executor_;
  RequestOf<Method> request_;
  absl::Time deadline_;
  internal::Attempts attempts_;
  std::shared_ptr<Reading> reading_;
  bool last_ = false;
};

}  // namespace protogres

#endif  // PROTOGRES_STREAM_H_
