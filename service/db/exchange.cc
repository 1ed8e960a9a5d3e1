#include "db/exchange.h"

#include <openssl/ssl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "status/sqlstate.h"
#include "status/status.h"
#include "text/excerpt.h"

namespace protogres::db {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxParams = 65535;  // of the protocol's Bind message

// Answers below it are not counted: each connection has one, and so many bytes are nothing.
constexpr std::int64_t kUncounted = 64 * 1024;
// From here on most of an answer may be one value, which libpq holds twice, in its buffer and in the result.
constexpr std::int64_t kLarge = 16 * 1024 * 1024;

// libpq keeps its buffer of requests, too.
constexpr std::size_t kLargeRequest = 2 * 1024 * 1024;

// What libpq reads at once at the least, if it is there.
constexpr std::int64_t kBuffer = 16 * 1024;

// Bytes that wait in the socket.
std::int64_t Ready(const PGconn* connection) {
  int ready = 0;
  return ioctl(PQsocket(connection), FIONREAD, &ready) == 0 ? ready : 0;
}

// What is held while `received` bytes of an answer are read and made into one of ours.
std::size_t Held(std::int64_t received) {
  return static_cast<std::size_t>(2 * received + 2 * std::max(received - kLarge, std::int64_t{0}));
}

// The values as libpq takes them, which live as long as `params`.
std::vector<const char*> Values(std::span<const Param> params, std::size_t* bytes) {
  std::vector<const char*> values;
  values.reserve(params.size());
  *bytes = 0;
  for (const Param& param : params) {
    values.push_back(param ? param->c_str() : nullptr);
    if (param) *bytes += param->size();
  }
  return values;
}

int Milliseconds(Exchange::Clock::time_point until) {
  if (until == Exchange::kNever) return -1;
  const auto left = std::chrono::ceil<milliseconds>(until - Exchange::Clock::now());
  return static_cast<int>(std::clamp(left, milliseconds(0), milliseconds(1000 * 3600)).count());
}

}  // namespace

absl::Status CheckParams(std::span<const Param> params) {
  if (params.size() > kMaxParams) {
    return status::TooManyValues(params.size(), kMaxParams);
  }
  for (const Param& param : params) {
    if (param && param->find('\0') != std::string::npos) {
      return status::NulInText();
    }
  }
  return absl::OkStatus();
}

Exchange::Exchange(PGconn* connection, SocketStopper& stopper)
    : connection_(connection), stopper_(stopper), tls_(PQsslStruct(connection, "OpenSSL")) {}

absl::Status Exchange::SendText(const std::string& sql) {
  if (!Alive()) return Lost(false, "it was lost before");
  return Sent(PQsendQuery(connection_, sql.c_str()), /*text=*/true);
}

absl::Status Exchange::SendParams(const std::string& sql, std::span<const Param> params) {
  if (!Alive()) return Lost(false, "it was lost before");
  std::size_t bytes = 0;
  const auto values = Values(params, &bytes);
  swollen_ = swollen_ || bytes > kLargeRequest;
  return Sent(PQsendQueryParams(connection_, sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                                nullptr, nullptr, 0));
}

absl::Status Exchange::SendPrepare(const std::string& name, const std::string& sql) {
  if (!Alive()) return Lost(false, "it was lost before");
  return Sent(PQsendPrepare(connection_, name.c_str(), sql.c_str(), 0, nullptr));
}

absl::Status Exchange::SendPrepared(const std::string& name, std::span<const Param> params) {
  if (!Alive()) return Lost(false, "it was lost before");
  std::size_t bytes = 0;
  const auto values = Values(params, &bytes);
  swollen_ = swollen_ || bytes > kLargeRequest;
  return Sent(PQsendQueryPrepared(connection_, name.c_str(), static_cast<int>(values.size()), values.data(), nullptr,
                                  nullptr, 0));
}

absl::Status Exchange::OpenPipeline() {
  if (!Alive()) return Lost(false, "it was lost before");
  piped_ = PQenterPipelineMode(connection_) == 1;
  return Sent(piped_ ? 1 : 0);
}

absl::Status Exchange::FlushPipeline(bool in_doubt) {
  const absl::Status sent = Sent(PQpipelineSync(connection_));
  return sent.ok() ? sent : Lost(in_doubt, text::OneLine(PQerrorMessage(connection_)));
}

void Exchange::Drop(Result* error) {
  LimitAnswer(0);
  bool between = false;  // two statements of a pipeline
  for (Result next;; Forget()) {
    Next(kNever, &next);
    if (error != nullptr && *error == nullptr && next != nullptr && IsError(next.get())) {
      *error = std::move(next);
      between = false;
      continue;
    }
    if (next != nullptr && PQresultStatus(next.get()) == PGRES_PIPELINE_SYNC) {
      piped_ = PQexitPipelineMode(connection_) != 1;
      lost_ = lost_ || piped_;
      break;
    }
    if (next == nullptr && (!piped_ || between || !Alive())) break;
    between = next == nullptr;
  }
  lost_ = lost_ || piped_;  // its end did not come
  DropNotifications();
}

absl::Status Exchange::Sent(int success, bool text) {
  text_ = text;
  Forget();
  most_ = 0;
  overflown_ = false;
  if (success == 1) return absl::OkStatus();
  // libpq has forgotten earlier errors when it began to send.
  const std::string why = text::OneLine(PQerrorMessage(connection_));
  if (!Alive()) return Lost(false, why);
  return status::Internal(why);
}

absl::StatusOr<Result> Exchange::Finish(bool in_doubt, Clock::time_point until) {
  Result answer = Drain(nullptr, until);
  if (absl::Status status = StatusOf(answer.get(), in_doubt); !status.ok()) {
    // Of an answer that is still to be stopped libpq holds what has come.
    if (!overflown_) hold_.Reset();
    return status;
  }
  return answer;
}

Result Exchange::Drain(Result first, Clock::time_point until) {
  Result answer = std::move(first);
  for (Result next;;) {
    if (!Next(until, &next)) {
      stopper_.Shut();
      until = kNever;
      continue;
    }
    if (next == nullptr) {
      // Given up before its end: what has come is not the outcome yet, unless it is an error.
      if ((overflown_ || !exhausted_.ok()) && answer != nullptr && !IsError(answer.get())) answer.reset();
      break;
    }
    // The server's last words are followed by libpq's, of a closed socket: the first error is the cause.
    if (answer == nullptr || !IsError(answer.get())) answer = std::move(next);
    const ExecStatusType status = PQresultStatus(answer.get());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) break;
  }
  DropNotifications();
  return answer;
}

bool Exchange::Next(Clock::time_point until, Result* result) {
  // Of a lost connection libpq gives the error without waiting.
  while (PQisBusy(connection_) != 0 && PQstatus(connection_) == CONNECTION_OK) {
    if (!Receive(until)) return false;
    if (overflown_ || !exhausted_.ok()) {
      result->reset();
      return true;
    }
  }
  result->reset(PQgetResult(connection_));
  return true;
}

bool Exchange::Receive(Clock::time_point until) {
  // What OpenSSL holds decrypted does not show at the socket.
  if (tls_ == nullptr || SSL_pending(static_cast<SSL*>(tls_)) == 0) {
    pollfd socket{PQsocket(connection_), POLLIN, 0};
    if (poll(&socket, 1, Milliseconds(until)) == 0) return false;
  }
  // Most answers are read at once, and cost no look.
  if (reads_++ == 0) {
    PQconsumeInput(connection_);
    return true;
  }
  const std::int64_t ready = Ready(connection_);
  PQconsumeInput(connection_);
  // A server that sends as fast as this side reads leaves as much as there was. libpq's buffer doubles.
  last_read_ = std::max(ready - Ready(connection_), std::min(ready, std::max(kBuffer, 2 * last_read_)));
  Charge(last_read_);
  return true;
}

void Exchange::Charge(std::int64_t bytes) {
  received_ += bytes;
  if (received_ < kUncounted) return;
  swollen_ = swollen_ || received_ > kLarge;
  overflown_ = most_ > 0 && received_ > most_;
  Memory& memory = Memory::OfProcess();
  auto held = memory.Pressed() ? Memory::Exhausted("a result is too large for the memory that is left")
                               : memory.Resize(Held(received_), &hold_);
  if (overflown_ || held.ok()) return;
  exhausted_ = std::move(held);
  lost_ = true;
}

void Exchange::Forget() {
  reads_ = 0;
  received_ = 0;
  hold_.Reset();
}

absl::Status Exchange::StatusOf(const PGresult* result, bool in_doubt, std::int64_t row_offset) {
  if (result == nullptr && overflown_) return Memory::Exhausted("the answer is larger than was asked for");
  if (result == nullptr && !exhausted_.ok() && !in_doubt) return exhausted_;
  if (result == nullptr) return Lost(in_doubt, "the server gave no answer that can be held");
  if (!IsError(result)) return absl::OkStatus();
  status::ServerError said = ErrorOf(result);
  if (said.row > 0) said.row += row_offset;
  // Only a COPY without parameters is a text that has names of its own. What it says of a row is of the row's values.
  said.no_positions = text_ && said.row == 0;
  lost_ = lost_ || PQstatus(connection_) != CONNECTION_OK;
  // With an SQLSTATE the server says that it did not commit; but class 08 is a pooler's word, who cannot know.
  if (lost_ && !status::SaysRolledBack(said)) return Lost(in_doubt, said.message);
  // A pooler that has lost the server may say so on a connection that lives.
  if (in_doubt && said.function.empty()) return Lost(true, said.message);
  if (in_doubt && (status::InDoubtElsewhere(said) || (elsewhere_ && status::PastOtherCommits(said)))) {
    return status::CommitInDoubt(
        "another server, of a foreign table or a shard, did not confirm the commit; it is not "
        "known whether it took place there: " +
        said.message);
  }
  return status::ToStatus(said);
}

absl::Status Exchange::Lost(bool in_doubt, const std::string& why) {
  lost_ = true;
  const std::string cause = stopper_.shut() ? "the server did not answer in time, and it was given up" : why;
  return in_doubt ? status::LostInCommit(cause) : status::LostConnection(cause);
}

bool Exchange::Readable() const {
  pollfd look{PQsocket(connection_), POLLIN, 0};
  return poll(&look, 1, 0) != 0;
}

bool Exchange::TakeNotified() {
  DropNotifications();
  return std::exchange(notified_, false);
}

// libpq keeps them until they are asked for.
void Exchange::DropNotifications() {
  while (const std::unique_ptr<PGnotify, decltype(&PQfreemem)> one{PQnotifies(connection_), &PQfreemem}) {
    notified_ = true;
  }
}

}  // namespace protogres::db
