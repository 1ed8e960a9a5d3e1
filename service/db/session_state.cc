#include "db/session_state.h"

#include <atomic>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "spdlog/spdlog.h"
#include "status/macros.h"
#include "status/sqlstate.h"
#include "status/status.h"

namespace protogres::db {
namespace {

// By full names, as the search_path may be another one.
constexpr char kReadOnly[] = "SELECT pg_catalog.current_setting('transaction_read_only')";
// What another caller would be answered wrongly by: as whom a statement runs, what names mean, how values are written.
constexpr char kLooksLike[] =
    "pg_catalog.concat_ws(E'\\n', pg_catalog.current_setting('role'), session_user, "
    "pg_catalog.current_setting('search_path'), pg_catalog.current_setting('DateStyle'), "
    "pg_catalog.current_setting('IntervalStyle'), pg_catalog.current_setting('TimeZone'), "
    "pg_catalog.current_setting('bytea_output'), pg_catalog.current_setting('extra_float_digits'))";
// The name of the statement that asks for it. Only a connection of its own has it: see Check.
constexpr char kLooks[] = "protogres_looks";
constexpr char kProcess[] = "pg_catalog.pg_backend_pid()";
// False: nobody has heeded the startup parameter `options`.
constexpr char kHeedsOptions[] = "pg_catalog.current_setting('IntervalStyle') = 'iso_8601'";
// The environment's PGDATESTYLE and PGTZ go beside `options` at startup and win over it.
constexpr char kHasFormats[] =
    "pg_catalog.current_setting('DateStyle') LIKE 'ISO%' AND pg_catalog.current_setting('TimeZone') = 'UTC'";
constexpr char kFormats[] =
    "pg_catalog.set_config('DateStyle', 'ISO', false), pg_catalog.set_config('TimeZone', 'UTC', false)";
// The first object of users has the number 16384; 12 and 13 are the languages internal and c.
constexpr char kHasCode[] =
    "EXISTS (SELECT FROM pg_catalog.pg_proc WHERE oid >= 16384 AND prolang <> 12 AND prolang <> 13)";
// Statements of this database may write on other servers, which commit by themselves.
constexpr char kHasServers[] =
    "EXISTS (SELECT FROM pg_catalog.pg_foreign_server) OR "
    "pg_catalog.to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL";
// DISCARD ALL (PostgreSQL manual) but for DEALLOCATE ALL and DISCARD PLANS. RESET ROLE after SET SESSION AUTHORIZATION,
// which takes away a role that was set when the connection was made.
constexpr char kDiscard[] =
    "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; RESET ALL; UNLISTEN *; "
    "SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD SEQUENCES; DISCARD TEMP; SELECT ";

std::string Cell(const Result& result, int column) { return PQgetvalue(result.get(), 0, column); }

}  // namespace

absl::Status SessionState::Start(Clock::time_point until) {
  ASSIGN_OR_RETURN(const Result first, Ask(fmt::format("{}, {}, {}, {}, {}, {}, {}", kReadOnly, kLooksLike, kHasCode,
                                                       kProcess, kHeedsOptions, kHasFormats, kHasServers),
                                           until));
  read_only_ = Cell(first, 0) == "on";
  looks_like_ = Cell(first, 1);
  has_code_ = Cell(first, 2) == "t";
  Answered(Cell(first, 3));
  exchange_.CommitsElsewhere(Cell(first, 6) == "t");
  if (Cell(first, 4) != "t") pooler_->Found("it does not pass the startup parameter options on", prepares_);
  if (pooler_->found() || Cell(first, 5) == "t") return absl::OkStatus();
  const auto formatted = Ask(fmt::format("SELECT {}; SELECT {}", kFormats, kLooksLike), until);
  if (formatted.ok()) looks_like_ = Cell(*formatted, 0);
  return formatted.status();
}

absl::Status SessionState::LookForPooler(Clock::time_point until) {
  const auto answer = Ask(std::string("SELECT ") + kProcess, until);
  if (answer.ok()) Answered(Cell(*answer, 0));
  return answer.status();
}

void SessionState::Answered(const std::string& pid) {
  if (pid == key_) return;
  pooler_->Found(
      fmt::format("a connection's cancel key names the process {}, but the process {} has answered", key_, pid),
      prepares_);
}

absl::Status SessionState::Ping(Clock::time_point until) {
  const auto answer = Ask(fmt::format("{}, {}", kReadOnly, kProcess), until);
  if (answer.ok()) Answered(Cell(*answer, 1));
  if (!answer.ok() || Cell(*answer, 0) != "on" || read_only_) return answer.status();
  return status::ReadOnlyServer("the server has become read-only: it was a primary when the connection was made");
}

absl::Status SessionState::Discard(Clock::time_point until) {
  wrote_ = false;
  static std::atomic<bool> told = false;
  if (pooler_->found() && !told.exchange(true)) {
    spdlog::warn(
        "--reset_on_return=discard resets whatever session a pooler in transaction mode gives: let the pooler do it, "
        "PgBouncer by server_reset_query_always = 1");
  }
  return Ask(std::string(kDiscard) + kFormats, until).status();
}

absl::Status SessionState::Check(Clock::time_point until) {
  const bool asks = CheckAsks();
  wrote_ = false;
  if (!asks) return absl::OkStatus();
  const auto answer = AskLooks(until);
  if (!answer.ok() || Cell(*answer, 0) == looks_like_) return answer.status();
  return status::Error(absl::StatusCode::kFailedPrecondition,
                       "a function or trigger has left the session with another role, search_path or format of values",
                       status::kSessionChanged);
}

absl::StatusOr<Result> SessionState::AskLooks(Clock::time_point until) {
  const std::string text = std::string("SELECT ") + kLooksLike;
  if (!prepares_) return Ask(text, until);
  absl::StatusOr<Result> answer = Result(nullptr);
  if (!looks_prepared_) {
    RETURN_IF_ERROR(exchange_.SendPrepare(kLooks, text));
    answer = exchange_.Finish(false, until);
    looks_prepared_ = answer.ok();
  }
  if (looks_prepared_) {
    RETURN_IF_ERROR(exchange_.SendPrepared(kLooks, {}));
    answer = exchange_.Finish(false, until);
  }
  if (answer.ok() || !status::StatementLost(answer.status())) return answer;
  // A function has deallocated all statements; or there is a pooler that nobody has found yet.
  looks_prepared_ = false;
  return Ask(text, until);
}

absl::StatusOr<Result> SessionState::Ask(const std::string& sql, Clock::time_point until) {
  RETURN_IF_ERROR(exchange_.SendText(sql));
  return exchange_.Finish(false, until);
}

}  // namespace protogres::db
