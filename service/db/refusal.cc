#include "db/refusal.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <memory>

#include "db/message.h"
#include "fmt/format.h"
#include "status/sqlstate.h"
#include "text/excerpt.h"

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
  auto said = ParseRefusal(message);
  if (said.has_value()) return status::Refused(*std::move(said));
  // libpq's own words, untranslated as long as nobody calls setlocale().
  if (message.find("no password supplied") != std::string::npos) return status::NoPassword(text::OneLine(message));
  return status::NotConnected(text::OneLine(message));
}

}  // namespace protogres::db
