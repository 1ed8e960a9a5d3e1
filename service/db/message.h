// PostgreSQL's words as a ServerError: of an answer by its fields, of a refused connection by libpq's text, which is
// all that libpq keeps of it. Pure.
#ifndef PROTOGRES_SERVICE_DB_MESSAGE_H_
#define PROTOGRES_SERVICE_DB_MESSAGE_H_

#include <optional>
#include <string>
#include <string_view>

#include "status/sqlstate.h"

namespace protogres::db {

// The fields of an error (PostgreSQL manual, 55.8); what the server left out is empty.
struct ErrorFields {
  std::string_view sqlstate = {};
  std::string_view message = {};
  std::string_view detail = {};
  std::string_view hint = {};
  std::string_view context = {};
  std::string_view table = {};
  std::string_view constraint = {};
  std::string_view column = {};
  std::string_view function = {};  // of the server's source
  std::string_view position = {};
  std::string_view internal_query = {};  // the statement of a function or trigger that the error is in the text of
};

// The message is one line, "primary (detail; hint)"; a detail
// that shows a whole row is left out, since columns of it may be hidden, and one of a connection to another server.
status::ServerError FromFields(const ErrorFields& fields);

// Why the server refused a connection: the SQLSTATE and the primary message in `text`, which libpq wrote with
// PQERRORS_VERBOSE. nullopt: it has no SQLSTATE, so the words are libpq's own. The severity's language does not matter.
std::optional<status::ServerError> ParseRefusal(std::string_view text);

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_MESSAGE_H_
