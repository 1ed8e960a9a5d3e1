#include "db/refusal.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include "db/conninfo.h"
#include "db/message.h"
#include "status/macros.h"
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

// The Status of a failed attempt to connect. `text` is libpq's message, which has no SQLSTATE; where it quotes the
// server, the server is asked once more in a way that shows the SQLSTATE, since its words may be of any language. OK:
// this time it lets us in. Blocks, at most `timeout`.
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

}  // namespace

absl::StatusOr<std::unique_ptr<Link>> OpenLink(const ConnectionOptions& options) {
  const bool without_options = options.pooler->refuses_options();
  ASSIGN_OR_RETURN(const std::string conninfo, Conninfo(options));
  // If the server refuses, it is asked why on another connection. If it does not refuse that one, a second attempt is
  // made.
  std::string text;
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      return std::make_unique<Link>(conninfo);
    } catch (const std::exception& error) {
      text = error.what();
    }
    const absl::Status status = WhyRefused(conninfo, text, options.connect_timeout);
    if (status::RefusesParameter(status) && !without_options) {
      options.pooler->RefusedOptions();
      return OpenLink(options);
    }
    if (!status.ok()) return status;
  }
  return status::NotConnected(text::OneLine(text));
}

}  // namespace protogres::db
