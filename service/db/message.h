// Reads PostgreSQL's error text as libpq writes it with PQERRORS_VERBOSE. The
// only way to an error's fields that libpqxx 6.4 leaves: of its exceptions some
// have no SQLSTATE and none has the table, column or constraint. Pure.
#ifndef PROTOGRES_SERVICE_DB_MESSAGE_H_
#define PROTOGRES_SERVICE_DB_MESSAGE_H_

#include <optional>
#include <string>
#include <string_view>

#include "db/error.h"

namespace protogres::db {

// What the server said in `text`: the first message in it that carries a
// SQLSTATE. nullopt: it has none, so the words are libpq's own (a lost
// connection, a failed connect). The severity's language does not matter: only
// the format does. The message is one line, "primary (detail; hint)"; a detail
// that shows a whole row is left out, since columns of it may be hidden.
std::optional<ServerError> ParseServerError(std::string_view text);

// `text` on one line: breaks and the blanks around them become one space.
std::string OneLine(std::string_view text);

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_MESSAGE_H_
