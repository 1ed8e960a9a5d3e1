#include "db/caller.h"

#include <utility>

#include "db/opening.h"
#include "status/macros.h"

namespace protogres::db {
namespace {

constexpr char kSuspend[] = "SELECT pg_catalog.current_setting('role'), pg_catalog.set_config('role', 'none', true)";
constexpr char kResume[] = "SELECT pg_catalog.set_config('role', $1, true)";

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
  options.transaction = Transaction::kExplicit;
  return Session::Open(pool, cancellation, options);
}

absl::Status Access::Assume(Session& session) const {
  if (!caller) return absl::OkStatus();
  const SettingsStatement set = StatementOf(caller->Settings());
  RETURN_IF_ERROR(SettingsError(session.Read(set.sql, set.params).status()));
  session.Became(caller->role);
  if (caller->pre_request.empty()) return absl::OkStatus();
  return session.Write(CallOf(caller->pre_request), {}).status();
}

absl::StatusOr<std::string> Suspend(Session& session) {
  ASSIGN_OR_RETURN(const Rows rows, session.Read(kSuspend, {}));
  return std::string(rows.Cell(0, 0).value_or("none"));
}

absl::Status Resume(Session& session, const std::string& role) {
  return session.Read(kResume, std::vector<Param>{role}).status();
}

}  // namespace protogres::db
