#include "db/bulk.h"

#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "db/copy_line.h"
#include "db/link.h"

namespace protogres::db {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Rows that came are not held back for longer than this while the next is not there.
constexpr milliseconds kPatience{50};
constexpr milliseconds kDrain{2000};

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

[[noreturn]] void Throw(const PGconn* connection) { throw pqxx::failure(PQerrorMessage(connection)); }

// Throws what `result` says of an error, once the statement is over.
[[noreturn]] void Throw(PGconn* connection, const Result& result) {
  while (Result(PQgetResult(connection))) continue;
  throw pqxx::failure(PQresultErrorMessage(result.get()));
}

// Waits for what the server sends, at most until `end`. False: the connection is lost, as its next result will tell.
bool Receive(PGconn* connection, Clock::time_point end) {
  int wait = -1;
  if (end != Clock::time_point::max()) {
    const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
    wait = static_cast<int>(std::max(left, milliseconds(0)).count());
  }
  pollfd socket{PQsocket(connection), POLLIN, 0};
  poll(&socket, 1, wait);
  return PQconsumeInput(connection) == 1;
}

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

void Bulk::OpenRows(const std::string& sql, std::span<const Param> params) {
  if (params.empty()) return BeginCopy("COPY (" + sql + ") TO STDOUT", PGRES_COPY_OUT, State::kCopyOut);
  std::vector<const char*> values;
  values.reserve(params.size());
  for (const Param& param : params) values.push_back(param ? param->c_str() : nullptr);
  const int count = static_cast<int>(values.size());
  if (PQsendQueryParams(connection_, sql.c_str(), count, nullptr, values.data(), nullptr, nullptr, 0) != 1) {
    Throw(connection_);
  }
  PQsetSingleRowMode(connection_);
  state_ = State::kQuery;
}

bool Bulk::FetchRows(TakeRow take) {
  const auto end = Clock::now() + kPatience;
  bool more = true;
  for (bool any = false; more;) {
    switch (state_ == State::kCopyOut ? NextCopied(take, &more) : NextQueried(take, &more)) {
      case Next::kRow:
        any = true;
        break;
      case Next::kNotYet:
        if (any && Clock::now() >= end) return true;
        Receive(connection_, any ? end : Clock::time_point::max());
        break;
      case Next::kEnd:
        state_ = State::kNone;
        return false;
    }
  }
  return true;
}

Bulk::Next Bulk::NextQueried(TakeRow take, bool* more) {
  thread_local Cells cells;
  if (PQisBusy(connection_) != 0 && PQstatus(connection_) == CONNECTION_OK) return Next::kNotYet;
  const Result result(PQgetResult(connection_));
  if (!result) return Next::kEnd;
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_TUPLES_OK) return NextQueried(take, more);
  if (status != PGRES_SINGLE_TUPLE) Throw(connection_, result);
  ReadCells(result.get(), &cells);
  *more = take(cells);
  return Next::kRow;
}

Bulk::Next Bulk::NextCopied(TakeRow take, bool* more) {
  thread_local Cells cells;
  char* data = nullptr;
  const int size = PQgetCopyData(connection_, &data, /*async=*/1);
  if (size > 0) {
    const std::unique_ptr<char, decltype(&PQfreemem)> line(data, &PQfreemem);
    SplitCopyLine({data, static_cast<std::size_t>(size - 1)}, &cells);
    *more = take(cells);
    return Next::kRow;
  }
  if (size == 0 && PQstatus(connection_) == CONNECTION_OK) return Next::kNotYet;
  if (size != -1) Throw(connection_);
  const Result result(PQgetResult(connection_));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) Throw(connection_, result);
  while (Result(PQgetResult(connection_))) continue;
  return Next::kEnd;
}

void Bulk::OpenCopy(const std::string& sql) {
  copy_ = sql;
  copied_ = 0;
  BeginCopy(copy_, PGRES_COPY_IN, State::kCopyIn);
}

void Bulk::PutCopy(std::string_view lines, bool spoken) {
  // An error, most likely, which would be told only at the end. If it is none, another COPY goes on.
  if (spoken) {
    copied_ += EndCopy();
    BeginCopy(copy_, PGRES_COPY_IN, State::kCopyIn);
  }
  if (PQputCopyData(connection_, lines.data(), static_cast<int>(lines.size())) != 1) Throw(connection_);
}

std::int64_t Bulk::CloseCopy() {
  const std::int64_t rows = copied_ + EndCopy();
  copied_ = 0;
  return rows;
}

bool Bulk::Abandon() {
  const State state = state_;
  state_ = State::kNone;
  if (state == State::kCopyIn && PQputCopyEnd(connection_, "the client has given it up") != 1) Throw(connection_);
  const auto end = Clock::now() + kDrain;
  bool copying = state == State::kCopyOut;
  while (Clock::now() < end) {
    char* line = nullptr;
    const int size = copying ? PQgetCopyData(connection_, &line, /*async=*/1) : -1;
    PQfreemem(line);
    if (size > 0) continue;
    if (size == 0 || PQisBusy(connection_) != 0) {
      if (Receive(connection_, end)) continue;
    }
    copying = false;
    if (!Result(PQgetResult(connection_))) return true;
  }
  return false;
}

void Bulk::BeginCopy(const std::string& sql, ExecStatusType direction, State state) {
  const Result result(PQexec(connection_, sql.c_str()));
  if (PQresultStatus(result.get()) != direction) Throw(connection_, result);
  state_ = state;
}

std::int64_t Bulk::EndCopy() {
  if (PQputCopyEnd(connection_, nullptr) != 1) Throw(connection_);
  const Result result(PQgetResult(connection_));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) Throw(connection_, result);
  const std::int64_t rows = std::atoll(PQcmdTuples(result.get()));
  while (Result(PQgetResult(connection_))) continue;
  state_ = State::kNone;
  return rows;
}

}  // namespace protogres::db
