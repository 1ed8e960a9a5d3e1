#include "db/caller.h"

#include <utility>

#include "db/opening.h"
#include "status/macros.h"

namespace protogres::db {
namespace {

constexpr char kSuspend[] = "SELECT pg_catalog.current_setting('role'), pg_catalog.set_config('role', 'none', true)";
constexpr char kResume[] = "SELECT pg_catalog.set_config('role', $1, true)";

}  // namespace

absl::StatusOr<std::unique_ptr<Session>> Access::Open(SessionOptions options) const {
  if (caller) {
    options.settings = caller->settings;
    options.pre_request = caller->pre_request;
  }
  return Session::Open(pool, cancellation, options);
}

absl::StatusOr<std::unique_ptr<Session>> Access::OpenAsServer(SessionOptions options) const {
  // By name, as a pooler that is not found yet may give a session that another client has left with a role of its own.
  static const auto& own = *new auto(std::make_shared<const std::vector<Setting>>(1, Setting{"role", "none"}));
  if (caller) options.settings = own;
  options.transaction = Transaction::kExplicit;
  return Session::Open(pool, cancellation, options);
}

absl::Status Access::Assume(Session& session) const {
  if (!caller) return absl::OkStatus();
  const SettingsStatement set = StatementOf(*caller->settings);
  RETURN_IF_ERROR(SettingsError(session.Read(set.sql, set.params).status()));
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
