#include "db/bulk.h"

#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

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

// Waits for what the server sends, at most until `end`. False: the connection is lost, as PQgetResult will tell.
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
  std::vector<const char*> values;
  values.reserve(params.size());
  for (const Param& param : params) values.push_back(param ? param->c_str() : nullptr);
  const int count = static_cast<int>(values.size());
  if (PQsendQueryParams(connection_, sql.c_str(), count, nullptr, values.data(), nullptr, nullptr, 0) != 1) {
    Throw(connection_);
  }
  PQsetSingleRowMode(connection_);
  state_ = State::kRows;
}

bool Bulk::FetchRows(TakeRow take) {
  const auto end = Clock::now() + kPatience;
  thread_local Cells cells;
  for (bool any = false;;) {
    while (PQisBusy(connection_) != 0) {
      if (any && Clock::now() >= end) return true;
      if (!Receive(connection_, any ? end : Clock::time_point::max())) break;
    }
    const Result result(PQgetResult(connection_));
    if (!result) break;
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_TUPLES_OK) continue;
    if (status != PGRES_SINGLE_TUPLE) Throw(connection_, result);
    ReadCells(result.get(), &cells);
    any = true;
    if (!take(cells)) return true;
  }
  state_ = State::kNone;
  return false;
}

void Bulk::OpenCopy(const std::string& sql) {
  copy_ = sql;
  copied_ = 0;
  BeginCopy();
}

void Bulk::PutCopy(std::string_view lines, bool spoken) {
  // An error, most likely, which would be told only at the end. If it is none, another COPY goes on.
  if (spoken) {
    copied_ += EndCopy();
    BeginCopy();
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
  if (state == State::kCopy && PQputCopyEnd(connection_, "the client has given it up") != 1) Throw(connection_);
  const auto end = Clock::now() + kDrain;
  while (state != State::kNone) {
    while (PQisBusy(connection_) != 0) {
      if (Clock::now() >= end) return false;
      if (!Receive(connection_, end)) break;
    }
    if (!Result(PQgetResult(connection_))) break;
  }
  return true;
}

void Bulk::BeginCopy() {
  const Result result(PQexec(connection_, copy_.c_str()));
  if (PQresultStatus(result.get()) != PGRES_COPY_IN) Throw(connection_, result);
  state_ = State::kCopy;
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
