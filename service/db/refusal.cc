#include "db/refusal.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <memory>

#include "contract/error.h"
#include "db/error.h"
#include "db/message.h"
#include "fmt/format.h"

namespace protogres::db {
namespace {

using Clock = std::chrono::steady_clock;

// libpq's message with the SQLSTATE shown; empty: the connection was made.
// PQconnectdb offers no moment at which to ask for it.
std::string AskAgain(const std::string& conninfo, std::chrono::seconds timeout) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectStart(conninfo.c_str()), &PQfinish);
  if (connection == nullptr) return "out of memory";
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
  const auto deadline = Clock::now() + timeout;
  auto state = PQstatus(connection.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return "timeout expired";
    pollfd wait{PQsocket(connection.get()), static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    if (poll(&wait, 1, static_cast<int>(left.count())) <= 0) continue;
    state = PQconnectPoll(connection.get());
  }
  return state == PGRES_POLLING_OK ? "" : PQerrorMessage(connection.get());
}

// The server's messages, and only they, have two blanks after the severity's colon.
bool QuotesServer(const std::string& text) { return text.find(":  ") != std::string::npos; }

}  // namespace

absl::Status WhyRefused(const std::string& conninfo, const std::string& text, std::chrono::seconds timeout) {
  std::string message = text;
  if (QuotesServer(text)) {
    message = AskAgain(conninfo, std::max(timeout, std::chrono::seconds(1)));
    if (message.empty()) return absl::OkStatus();
  }
  const auto said = ParseRefusal(message);
  ServerError error = said.value_or(ServerError{"08001", OneLine(message), "", "", ""});
  // libpq's own words, untranslated as long as nobody calls setlocale().
  if (!said && error.message.find("no password supplied") != std::string::npos) error.sqlstate = "28P01";
  error.message = "cannot connect to the database: " + error.message;
  // A setting in the connection string that the server does not take.
  const bool bad_setting = error.sqlstate != "42501" && (error.sqlstate.starts_with("42") || error.sqlstate[0] == '2');
  if (bad_setting && !error.sqlstate.starts_with("28")) {
    return contract::Error(absl::StatusCode::kInvalidArgument, error.message, "INVALID_CONNECTION_STRING",
                           {{"sqlstate", error.sqlstate}});
  }
  return ToStatus(error);
}

}  // namespace protogres::db
