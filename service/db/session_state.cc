#include "db/session_state.h"

#include <string_view>
#include <utility>

#include "status/macros.h"
#include "status/sqlstate.h"
#include "status/status.h"

namespace protogres::db {
namespace {

// By full names, as the search_path may be another one.
constexpr char kReadOnly[] = "SELECT pg_catalog.current_setting('transaction_read_only')";
constexpr char kIdentity[] =
    "pg_catalog.concat_ws(E'\\n', pg_catalog.current_setting('role'), session_user, "
    "pg_catalog.current_setting('search_path'))";
// The environment's PGDATESTYLE and PGTZ go beside `options` at startup and win over it.
constexpr char kFormats[] =
    "pg_catalog.set_config('DateStyle', 'ISO', false), pg_catalog.set_config('TimeZone', 'UTC', false)";
// The first object of users has the number 16384; 12 and 13 are the languages internal and c.
constexpr char kHasCode[] =
    "EXISTS (SELECT FROM pg_catalog.pg_proc WHERE oid >= 16384 AND prolang <> 12 AND prolang <> 13)";
// DISCARD ALL (PostgreSQL manual) but for DEALLOCATE ALL and DISCARD PLANS. RESET ROLE after SET SESSION AUTHORIZATION,
// which takes away a role that was set when the connection was made.
constexpr char kDiscard[] =
    "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; RESET ALL; UNLISTEN *; "
    "SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD SEQUENCES; DISCARD TEMP; SELECT ";

std::string Cell(const Result& result, int column) { return PQgetvalue(result.get(), 0, column); }

}  // namespace

absl::Status SessionState::Start(Clock::time_point until) {
  ASSIGN_OR_RETURN(const Result first,
                   Ask(std::string(kReadOnly) + ", " + kIdentity + ", " + kHasCode + ", " + kFormats, until));
  read_only_ = Cell(first, 0) == "on";
  identity_ = Cell(first, 1);
  has_code_ = Cell(first, 2) == "t";
  return absl::OkStatus();
}

absl::Status SessionState::Ping(Clock::time_point until) {
  const auto answer = Ask(kReadOnly, until);
  if (!answer.ok() || Cell(*answer, 0) != "on" || read_only_) return answer.status();
  return status::ReadOnlyServer("the server has become read-only: it was a primary when the connection was made");
}

absl::Status SessionState::Discard(Clock::time_point until) {
  wrote_ = false;
  return Ask(std::string(kDiscard) + kFormats, until).status();
}

absl::Status SessionState::Check(Clock::time_point until) {
  if (!std::exchange(wrote_, false) || !has_code_) return absl::OkStatus();
  const auto answer = Ask(std::string("SELECT ") + kIdentity, until);
  if (!answer.ok() || Cell(*answer, 0) == identity_) return answer.status();
  return status::Error(absl::StatusCode::kFailedPrecondition,
                       "a function or trigger has left the session with another role or search_path",
                       status::kSessionChanged);
}

absl::StatusOr<Result> SessionState::Ask(const std::string& sql, Clock::time_point until) {
  RETURN_IF_ERROR(exchange_.SendText(sql));
  return exchange_.Finish(false, until);
}

}  // namespace protogres::db
