#include "rpc/sessions.h"

#include <fmt/format.h>

#include <utility>

#include "contract/error.h"
#include "db/error.h"

namespace protogres::rpc {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetryLater{1000};
constexpr milliseconds kNever = std::chrono::hours(24 * 365);

absl::Status TooMany(int limit) {
  return contract::WithRetry(
      contract::Error(absl::StatusCode::kResourceExhausted,
                      fmt::format("{} sessions, streams and imports are open already (--max_sessions)", limit),
                      "TOO_MANY_SESSIONS"),
      kRetryLater);
}

}  // namespace

Sessions::Sessions(const SessionOptions& options, db::Pool& pool, std::function<void()> on_catalog_moved)
    : options_(options),
      pool_(pool),
      on_catalog_moved_(std::move(on_catalog_moved)),
      executor_({.workers = options.max_sessions, .queue_size = options.max_sessions, .queue_timeout = kNever}) {}

absl::Status Sessions::Enter() {
  if (open_.fetch_add(1) < options_.max_sessions) return absl::OkStatus();
  open_.fetch_sub(1);
  return TooMany(options_.max_sessions);
}

void Sessions::Ended(const absl::Status& status) const {
  if (db::CatalogMoved(status) && on_catalog_moved_) on_catalog_moved_();
}

}  // namespace protogres::rpc
