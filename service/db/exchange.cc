#include "db/exchange.h"

#include <openssl/ssl.h>
#include <poll.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "contract/error.h"
#include "db/error.h"
#include "db/message.h"

namespace protogres::db {
namespace {

using std::chrono::milliseconds;

// The values as libpq takes them, which live as long as `params`.
std::vector<const char*> Values(std::span<const Param> params) {
  std::vector<const char*> values;
  values.reserve(params.size());
  for (const Param& param : params) values.push_back(param ? param->c_str() : nullptr);
  return values;
}

int Milliseconds(Exchange::Clock::time_point until) {
  if (until == Exchange::kNever) return -1;
  const auto left = std::chrono::ceil<milliseconds>(until - Exchange::Clock::now());
  return static_cast<int>(std::clamp(left, milliseconds(0), milliseconds(1000 * 3600)).count());
}

}  // namespace

Exchange::Exchange(PGconn* connection, SocketStopper& stopper)
    : connection_(connection), stopper_(stopper), tls_(PQsslStruct(connection, "OpenSSL")) {}

absl::Status Exchange::SendText(const std::string& sql) {
  if (!Alive()) return Lost(false, "it was lost before");
  return Sent(PQsendQuery(connection_, sql.c_str()));
}

absl::Status Exchange::SendParams(const std::string& sql, std::span<const Param> params) {
  if (!Alive()) return Lost(false, "it was lost before");
  const auto values = Values(params);
  return Sent(PQsendQueryParams(connection_, sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                                nullptr, nullptr, 0));
}

absl::Status Exchange::SendPrepare(const std::string& name, const std::string& sql) {
  if (!Alive()) return Lost(false, "it was lost before");
  return Sent(PQsendPrepare(connection_, name.c_str(), sql.c_str(), 0, nullptr));
}

absl::Status Exchange::SendPrepared(const std::string& name, std::span<const Param> params) {
  if (!Alive()) return Lost(false, "it was lost before");
  const auto values = Values(params);
  return Sent(PQsendQueryPrepared(connection_, name.c_str(), static_cast<int>(values.size()), values.data(), nullptr,
                                  nullptr, 0));
}

absl::Status Exchange::Sent(int success) {
  if (success == 1) return absl::OkStatus();
  // libpq has forgotten earlier errors when it began to send.
  const std::string why = OneLine(PQerrorMessage(connection_));
  if (!Alive()) return Lost(false, why);
  return contract::Error(absl::StatusCode::kInternal, why, "INTERNAL");
}

absl::StatusOr<Result> Exchange::Finish(bool in_doubt, Clock::time_point until) {
  Result answer = Drain(nullptr, until);
  if (absl::Status status = StatusOf(answer.get(), in_doubt); !status.ok()) return status;
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
    if (next == nullptr) break;
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
  PQconsumeInput(connection_);
  return true;
}

absl::Status Exchange::StatusOf(const PGresult* result, bool in_doubt, std::int64_t row_offset) {
  if (result == nullptr) return Lost(in_doubt, "the server gave no answer");
  if (!IsError(result)) return absl::OkStatus();
  ServerError said = ErrorOf(result);
  if (said.row > 0) said.row += row_offset;
  lost_ = lost_ || PQstatus(connection_) != CONNECTION_OK;
  // With an SQLSTATE the server says that it did not commit; but class 08 is a pooler's word, who cannot know.
  if (lost_ && (said.sqlstate.empty() || said.sqlstate.starts_with("08"))) return Lost(in_doubt, said.message);
  return ToStatus(said);
}

absl::Status Exchange::Lost(bool in_doubt, const std::string& why) {
  lost_ = true;
  const std::string cause = stopper_.shut() ? "the server did not answer in time, and it was given up" : why;
  if (!in_doubt) return ToStatus({"08006", "the connection to the database was lost: " + cause, "", "", ""});
  return ToStatus({"08007",
                   "the connection to the database was lost before it confirmed the commit; it is not known whether "
                   "it took place: " +
                       cause,
                   "", "", ""});
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
