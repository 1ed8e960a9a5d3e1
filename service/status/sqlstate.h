// SQLSTATE -> Status: the one table (PostgreSQL manual, appendix A), and all that is decided by a SQLSTATE. No other
// file looks at one. Pure.
#ifndef PROTOGRES_SERVICE_STATUS_SQLSTATE_H_
#define PROTOGRES_SERVICE_STATUS_SQLSTATE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"

namespace protogres::status {

// What PostgreSQL said of an error.
struct ServerError {
  std::string sqlstate = {};
  std::string message = {};  // primary message
  std::string table = {};    // where it can be told
  std::string constraint = {};
  std::string column = {};
  std::int64_t row = 0;       // of a COPY, from 1; 0: it cannot be told
  std::string position = {};  // in the statement's own text, in characters from 1; empty: it is not of that
  std::string function = {};  // of the server's source, whose names are never translated
  std::string detail = {};    // DETAIL and HINT, where the database's own code has raised the error (RAISE)
  std::string hint = {};
  bool in_commit_elsewhere = false;  // it came of a COMMIT that postgres_fdw sent to another server
  bool in_code = false;              // it is of the text of a statement that a function or trigger of the database runs
  bool no_positions = false;         // the errors of this statement have no position, as those of COPY
};

// A row of the table: the first whose `prefix` begins the SQLSTATE wins.
struct ErrorRow {
  const char* prefix;
  absl::StatusCode code;
  const char* reason;
  const char* meaning;  // a sentence, for docs/errors.md
};
std::span<const ErrorRow> ErrorTable();

// The Status of an error, with ErrorInfo, BadRequest (class 22 and kin) and RetryInfo (40001, 40P01) by the table. A
// name that the database's own code does not find is no sign that the catalog moved: RAISED_EXCEPTION.
absl::Status ToStatus(const ServerError& error);

// Errors that this process finds itself, with the SQLSTATE that PostgreSQL gives in such a case.

// 08001. `why` is one line, without secrets.
absl::Status NotConnected(const std::string& why);
// 28P01: the connection string has no password, and the server asks for one.
absl::Status NoPassword(const std::string& why);
// What the server said when it refused a connection. INVALID_ARGUMENT, reason INVALID_CONNECTION_STRING: it does not
// take a setting of the connection string.
absl::Status Refused(ServerError error);
// 08006. `cause` is one line; empty: nothing more is known.
absl::Status LostConnection(const std::string& cause);
// 08007, reason COMMIT_IN_DOUBT.
absl::Status LostInCommit(const std::string& cause);
// 25006: a primary has become a standby.
absl::Status ReadOnlyServer(const std::string& message);
// 25P02. `message` says what met the transaction that an earlier error has ended.
absl::Status AbortedTransaction(const std::string& message);
// 54000: a statement with more parameters than `most`.
absl::Status TooManyValues(std::size_t values, std::size_t most);
// 22021.
absl::Status NulInText();
// FAILED_PRECONDITION, reason READ_ONLY_TRANSACTION: `status` is READ_ONLY_SERVER, but the caller has asked for a
// transaction that is read-only.
absl::Status ReadOnlyTransaction(const absl::Status& status);
// DEADLINE_EXCEEDED or CANCELLED: the call was stopped, by its deadline or by its client. `cause` is the error that its
// statement ended with; OK: it ran none.
absl::Status Stopped(const absl::Status& cause, bool past_deadline);

// What a caller decides by. Each is false for OK.

// The catalog moved (42P01, 42703, 0A000 "cached plan", ...): a reload is due.
bool CatalogMoved(const absl::Status& status);
// A plan that a change of the catalog has made stale (0A000): the statement succeeds when it is prepared anew.
bool StalePlan(const absl::Status& status);
// An object was dropped while the catalog was read (XX000 "cache lookup failed", 42P01 and kin).
bool MovedWhileRead(const absl::Status& status);
// The connection that gave it must be discarded (class 08, 57P0x, 25006).
bool ConnectionLost(const absl::Status& status);
// The transaction lost against another one, and may win when it is run again (40001, 40P01).
bool LostRace(const absl::Status& status);
// A prepared statement is not the one that this connection has made (26000, 42P05): nothing of it was run.
bool StatementLost(const absl::Status& status);
// It is not known whether the COMMIT took place.
bool InDoubt(const absl::Status& status);
// The error of a COMMIT, of which PostgreSQL says that it did not take place.
bool RolledBack(const absl::Status& status);
// Somebody has cancelled the statement (57014).
bool QueryCancelled(const absl::Status& status);
// The table or its schema does not exist (42P01, 3F000).
bool NoSuchTable(const absl::Status& status);
// No operator takes these types, or more than one does (42883, 42725).
bool NoSuchOperator(const absl::Status& status);
// A regular expression, or a pattern of LIKE, is none (2201B, 22025).
bool BadPattern(const absl::Status& status);
// A type, a text search configuration or the like does not exist (42704).
bool NoSuchObject(const absl::Status& status);
// A pooler does not let a connection in because of a parameter that it came with.
bool RefusesParameter(const absl::Status& status);
// The server will never take a LISTEN: it is a standby (25006), or a pooler or replica that does not know it (0A000).
bool NeverListens(const absl::Status& status);
// The server itself says what became of the statement. False: it has said nothing, or a pooler or libpq has, which
// cannot know (class 08, or an error that names no function of PostgreSQL's source).
bool SaysRolledBack(const ServerError& error);
// An error that the server itself has sent, of which it cannot know whether another server, of a foreign table or of a
// shard, has committed: the connection to that one was lost, or its COMMIT failed, after which yet others may have
// committed theirs.
bool InDoubtElsewhere(const ServerError& error);
// An error at a COMMIT that may have come after other servers had committed theirs, in a database that has such tables:
// the session was ended or cancelled while it waited for them, or lost its race (40001) at the very last.
bool PastOtherCommits(const ServerError& error);
// The error's DETAIL holds what its caller may not see: a whole row, of which columns may be hidden; or the host and
// role of another server.
bool DetailTellsMore(const ServerError& error);

}  // namespace protogres::status

#endif  // PROTOGRES_SERVICE_STATUS_SQLSTATE_H_
