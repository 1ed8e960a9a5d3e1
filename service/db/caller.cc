#include "db/caller.h"

#include <utility>

#include "db/opening.h"
#include "status/macros.h"

namespace protogres::db {
namespace {

// The transaction itself remembers the role, so that what is done in between needs no round trip to learn it.
constexpr char kSuspend[] =
    "SELECT pg_catalog.set_config('protogres.role', pg_catalog.current_setting('role'), true), "
    "pg_catalog.set_config('role', 'none', true)";
constexpr char kResume[] = "SELECT pg_catalog.set_config('role', pg_catalog.current_setting('protogres.role'), true)";

}  // namespace

// The role comes last: the others are set by the role that connects.
std::vector<Setting> Caller::Settings() const {
  std::vector<Setting> settings{{"request.method", method}};
  if (!application_name.empty()) settings.push_back({"application_name", application_name});
  if (!identity) return settings;
  settings.push_back({"request.jwt.claims", std::string(claims)});
  settings.push_back({"role", std::string(role)});
  return settings;
}

absl::StatusOr<std::unique_ptr<Session>> Access::Open(SessionOptions options) const {
  if (caller) {
    options.settings = std::make_shared<const std::vector<Setting>>(caller->Settings());
    options.pre_request = caller->pre_request;
  }
  return Session::Open(pool, cancellation, options);
}

absl::StatusOr<std::unique_ptr<Session>> Access::OpenAsServer(SessionOptions options) const {
  // By name, as a pooler that is not found yet may give a session that another client has left with a role of its own.
  static const auto& own = *new auto(std::make_shared<const std::vector<Setting>>(1, Setting{"role", "none"}));
  if (caller && caller->identity) options.settings = own;
  options.transaction = Transaction::kExplicit;
  ASSIGN_OR_RETURN(auto session, Session::Open(pool, cancellation, options));
  // What is remembered by the role comes after Assume.
  if (caller) session->Became(caller->role);
  return session;
}

std::vector<Statement> Access::Assuming() const {
  std::vector<Statement> statements;
  if (!caller) return statements;
  SettingsStatement set = StatementOf(caller->Settings());
  statements.push_back({.sql = std::move(set.sql), .params = std::move(set.params)});
  if (!caller->pre_request.empty())
    statements.push_back({.sql = CallOf(caller->pre_request), .params = {}, .writes = true});
  return statements;
}

absl::Status Access::AssumingError(std::size_t index, const absl::Status& status) {
  return index == 0 ? SettingsError(status) : status;
}

absl::Status Access::Assume(Session& session) const {
  std::vector<Rows> rows;
  const absl::Status status = session.RunAll(Assuming(), /*commit=*/false, &rows);
  return status.ok() ? status : AssumingError(rows.size(), status);
}

Statement Suspend() { return {.sql = kSuspend, .params = {}}; }

Statement Resume() { return {.sql = kResume, .params = {}}; }

}  // namespace protogres::db
