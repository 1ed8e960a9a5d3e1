#include "db/bulk.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "db/copy_line.h"
#include "status/macros.h"

namespace protogres::db {
namespace {

using Clock = Exchange::Clock;
using std::chrono::milliseconds;

// Rows that have come are returned after this time at the latest, even if the next row is not there yet.
constexpr milliseconds kPatience{50};

void ReadCells(const PGresult* row, Cells* cells) {
  cells->resize(static_cast<std::size_t>(PQnfields(row)));
  int column = 0;
  for (auto& cell : *cells) {
    const char* value = PQgetvalue(row, 0, column);
    const auto size = static_cast<std::size_t>(PQgetlength(row, 0, column));
    cell = size == 0 && PQgetisnull(row, 0, column) != 0 ? std::nullopt : std::optional(std::string_view(value, size));
    ++column;
  }
}

}  // namespace

absl::Status Bulk::OpenRows(const std::string& sql, std::span<const Param> params) {
  if (params.empty()) return BeginCopy("COPY (" + sql + ") TO STDOUT", State::kCopyOut);
  RETURN_IF_ERROR(exchange_.SendParams(sql, params));
  PQsetSingleRowMode(connection_);
  state_ = State::kQuery;
  return absl::OkStatus();
}

absl::StatusOr<bool> Bulk::FetchRows(TakeRow take) {
  const auto end = Clock::now() + kPatience;
  bool more = true;
  for (bool any = false; more;) {
    ASSIGN_OR_RETURN(const Next next, state_ == State::kCopyOut ? NextCopied(take, &more) : NextQueried(take, &more));
    switch (next) {
      case Next::kRow:
        any = true;
        break;
      case Next::kNotYet:
        if (any && Clock::now() >= end) return true;
        exchange_.Receive(any ? end : Exchange::kNever);
        if (!exchange_.exhausted().ok()) return exchange_.exhausted();
        break;
      case Next::kEnd:
        state_ = State::kNone;
        return false;
    }
  }
  return true;
}

absl::StatusOr<Bulk::Next> Bulk::NextQueried(TakeRow take, bool* more) {
  thread_local Cells cells;
  if (PQisBusy(connection_) != 0 && PQstatus(connection_) == CONNECTION_OK) return Next::kNotYet;
  Result result(PQgetResult(connection_));
  if (!result) return Next::kEnd;
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_TUPLES_OK) return NextQueried(take, more);
  if (status != PGRES_SINGLE_TUPLE) return exchange_.StatusOf(exchange_.Drain(std::move(result)).get(), false);
  ReadCells(result.get(), &cells);
  *more = take(cells);
  exchange_.Forget();
  return Next::kRow;
}

absl::StatusOr<Bulk::Next> Bulk::NextCopied(TakeRow take, bool* more) {
  thread_local Cells cells;
  char* data = nullptr;
  const int size = PQgetCopyData(connection_, &data, /*async=*/1);
  if (size > 0) {
    const std::unique_ptr<char, decltype(&PQfreemem)> line(data, &PQfreemem);
    SplitCopyLine({data, static_cast<std::size_t>(size - 1)}, &cells);
    *more = take(cells);
    exchange_.Forget();
    return Next::kRow;
  }
  if (size == 0 && PQstatus(connection_) == CONNECTION_OK) return Next::kNotYet;
  // The COPY has ended, perhaps with an error.
  RETURN_IF_ERROR(exchange_.Finish(false).status());
  return Next::kEnd;
}

absl::Status Bulk::OpenCopy(const std::string& sql) {
  copy_ = sql;
  copied_ = 0;
  return BeginCopy(copy_, State::kCopyIn);
}

absl::Status Bulk::PutCopy(std::string_view lines) {
  // The server has sent something, most likely an error, which libpq would return only at the end of the COPY. If it is
  // not an error, another COPY goes on.
  if (exchange_.Readable()) {
    RETURN_IF_ERROR(EndCopy());
    RETURN_IF_ERROR(BeginCopy(copy_, State::kCopyIn));
  }
  if (PQputCopyData(connection_, lines.data(), static_cast<int>(lines.size())) == 1) return absl::OkStatus();
  // Either the server has sent an error, or the connection is lost.
  absl::Status ended = EndCopy();
  return ended.ok() ? exchange_.Lost(false, "it takes no more rows of a COPY") : ended;
}

absl::StatusOr<std::int64_t> Bulk::CloseCopy() {
  RETURN_IF_ERROR(EndCopy());
  return std::exchange(copied_, 0);
}

absl::Status Bulk::Abandon() {
  const State state = std::exchange(state_, State::kNone);
  if (state == State::kCopyIn) PQputCopyEnd(connection_, "the client has given it up");
  for (bool copying = state == State::kCopyOut; copying;) {
    char* line = nullptr;
    const int size = PQgetCopyData(connection_, &line, /*async=*/1);
    PQfreemem(line);
    if (size > 0) exchange_.Forget();
    if (size == 0 && PQstatus(connection_) == CONNECTION_OK) {
      exchange_.Receive(Exchange::kNever);
    } else {
      copying = size > 0;
    }
  }
  Result result;
  while (exchange_.Next(Exchange::kNever, &result) && result != nullptr) exchange_.Forget();
  return exchange_.Alive() ? absl::OkStatus() : exchange_.Lost(false, "it was lost while a statement was given up");
}

absl::Status Bulk::BeginCopy(const std::string& sql, State state) {
  RETURN_IF_ERROR(exchange_.SendText(sql));
  RETURN_IF_ERROR(exchange_.Finish(false).status());
  state_ = state;
  return absl::OkStatus();
}

absl::Status Bulk::EndCopy() {
  if (PQputCopyEnd(connection_, nullptr) != 1) return exchange_.Lost(false, "a COPY could not be ended");
  const Result answer = exchange_.Drain(nullptr);
  RETURN_IF_ERROR(exchange_.StatusOf(answer.get(), false, copied_));
  copied_ += std::atoll(PQcmdTuples(answer.get()));
  state_ = State::kNone;
  return absl::OkStatus();
}

}  // namespace protogres::db
